# continue N passes over the breakpoint
break leaf
continue
continue 2
info breakpoints
