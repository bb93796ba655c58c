break leaf
ignore 1 2
info breakpoints
continue
print $rdi
ignore 1 0
