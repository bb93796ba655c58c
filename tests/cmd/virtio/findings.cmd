# The waiting write's last descriptor goes in a circle, one of the read's lies outside of memory.
set *(u16 *)0x30005c = 3
set *(u16 *)0x30005e = 3
set *(u64 *)0x300010 = 0xfff000000
virtq blk0 0
# An id that no table of 8 has, in an entry that was used.
set *(u32 *)0x302004 = 263
virtq blk0 0
