# no-symbols
break later
info breakpoints
break *0x100200
info breakpoints
continue
