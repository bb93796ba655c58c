print 1 + 2 * 3
print/x 255
print/o 8
print/t 5
print/z 0xff
print/d -1
print/u (u8)-1
print/c 65
print/c 10
print/a main+4
print/f 0x3ff8000000000000
print main
print/x $rsp
print $eax
print q[counter]
print *(u32 *)table
print d[table+4] + d[table+8]
print/4d table
print/2xb main
print/s message
print
print $
print $$
print $$3
print $1 + $2
print $n = 7
print $n * 2
print -5
print (s8)0xff
print message == "hello"
