printf "plain"
printf "%d %u %x %#x %o|%c|%5d|%-5d|%05d|%llx\n", -1, 1, 255, 255, 8, 65, 42, 42, 42, main
printf "%s at %a, %p %%\n\ttwo lines", message, main + 4, $rsp
printf "[%20s]", message
dprintf leaf, "leaf(%d), counter %d", $rdi, q[counter]
info breakpoints
continue
