break second vcpu 0
break *0x100305 vcpu 1 if $rcx == 1
continue
info breakpoints
