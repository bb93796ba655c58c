break leaf
continue
# a comment
print $rdi; stepi
print $rip
