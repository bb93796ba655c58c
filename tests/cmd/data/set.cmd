set $rax = 0x1122334455667788
print/x $rax
set $eax = 0xdeadbeef
print/x $rax
set $al = 1
print/x $rax
set $ah = 2
print/x $ax
set $rcx += 5
print $rcx
set q[counter] = 7
print q[counter]
set *(u16 *)table = 0xffff
x/2xw table
set phys(0x200040, 1) = 0x48
x/s message
set $n = 3
set $n += 4
set $n |= 0x10
info variables
set var $m = main
print $m
set listsize 20
show listsize
set disassembly-flavor att
x/2i main
set disassembly-flavor intel
set step-irqs on
show
print $rflags
set $xmm0 = 5
print $xmm0
print $ymm0
