watch counter
info breakpoints
continue
continue
delete
rwatch q[counter]
awatch b[counter] 4
info breakpoints
continue
