events
info events
break leaf
continue
info events 3
info exits
events clear
info events
delete
continue
events filter io if port == 0xe9
info events
events filter vm.exit.hlt guest_exit
info events
events
events filter
info events 2
info types
