# Real mode: a flat binary with symbols from its ELF file.
# guest: build/tests/guest/sector.bin
# args: --console stdio --flat 0x7c00 --symbols build/tests/guest/sector.elf
info mode
x/4i $pc
stepi 3
print/x $si
break print
continue
backtrace
x/s message
stepi 2
nexti
continue
