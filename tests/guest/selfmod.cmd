# Self-modifying code: breakpoints on it, disassembly of what is there now.
# guest: build/tests/guest/selfmod.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
x/i patched
break patched
continue
x/i patched
print $al
continue
x/i patched
delete
continue
