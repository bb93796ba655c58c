# a run nobody waits for
set $rip = spin
continue &
info vcpus
info registers rip
x/i $pc
wait 1
interrupt
wait
stepi
