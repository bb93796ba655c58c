# a range of its own size, only for one value
watch *(u32 *)0x200008 if $rcx == 1
info breakpoints
continue
info breakpoints
