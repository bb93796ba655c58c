info registers
info registers segment
info registers control
info registers debug
info registers rip eflags cs cr0 ax
info registers $rsp pc
stepi 5
info registers
info registers fpu
info registers vector
