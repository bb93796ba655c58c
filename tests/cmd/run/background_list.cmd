# a run in the background stays there when a command list goes on
dprintf leaf, "leaf %d", $rdi
set $rip = work
set *(u64 *)($rsp - 8) = spin
set $rsp -= 8
continue &
wait 20
interrupt
wait
info breakpoints
