# stepi, nexti, finish, until, advance
stepi
stepi 3
nexti
nexti 2
break leaf
continue
backtrace
finish
until
advance *0x100113
until *0x100011
until
stepi 0
