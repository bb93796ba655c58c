break leaf
commands 1
silent
print $rdi
continue
end
continue
info breakpoints
