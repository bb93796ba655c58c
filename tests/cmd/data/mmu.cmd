vtop main
vtop 0xffffffff80200000
vtop 0xdead00000
vtop 0xdead000000000000
info mem
info mtree
