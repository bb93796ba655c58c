break leaf
commands 1
echo leaving
delete 1
end
continue
info breakpoints
continue
