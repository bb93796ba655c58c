# made, hit, disabled, enabled, deleted
info breakpoints
break leaf
tbreak work
hbreak *0x100011
thbreak *0x100013
info breakpoints
continue
info breakpoints
disable 1
info breakpoints
continue
enable 1
continue
delete 1
info breakpoints
delete
info breakpoints
