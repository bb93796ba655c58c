break leaf
commands; echo first; end
continue
commands 1; echo second; info registers rdi; end
continue
commands 1; end
continue
info breakpoints
