# tmpdir
dump memory cmdtest.tmp table table+16
set q[table] = 0
load cmdtest.tmp table+16
x/8xw table
dump physical cmdtest.tmp 0x100000 0x100004
load cmdtest.tmp table
x/xw table
