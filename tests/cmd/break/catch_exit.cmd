# `exit` means any of them
catch exit
continue
set $rip = poke
continue
