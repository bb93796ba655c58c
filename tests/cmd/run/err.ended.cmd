continue
stepi
