# a failing line of a list fails the line that ran into it
break leaf
commands 1; print nonsense; end
continue
echo not reached
