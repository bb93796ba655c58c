# 32-bit protected mode by multiboot: the info structure, its memory map, a module.
# guest: build/tests/guest/multiboot.elf
# args: --console stdio --append a=1 --module build/tests/guest/sector.bin
info mode
print/x $eax
xp/xw $ebx
break main
continue
backtrace
continue
