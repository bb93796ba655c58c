# no-target
info registers
