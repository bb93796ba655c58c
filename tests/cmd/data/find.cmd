find 0x200000, +0x1000, "fake"
print $_
print $numfound
find/w table, +16, 2, 3
find/b 0x100000, 0x1003ff, 0x48, 0x89, 0xe5
find table, table+15, 3
find 0x200000, +0x100, "absent"
findp 0, 0x3fffff, "hello, \x66ake"
set find-limit 2
find/b 0x100000, +0x400, 0x55
