# 32-bit code in long mode: mode, disassembly and steps follow the code segment.
# guest: build/tests/guest/compat.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
break code32
continue
info mode
x/5i $pc
stepi 2
print/x $edi
break back
continue
x/2i $pc
info mode
continue
