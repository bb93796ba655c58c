# no-target
stepi
