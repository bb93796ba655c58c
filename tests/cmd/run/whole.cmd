# a guest that ends itself, and starting again
continue
info vcpus
run
starti
stepi
reset
kill
info target
