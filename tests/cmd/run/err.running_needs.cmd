set $rip = spin
continue &
nexti
