assert $rip == main
assert 1
assert (1 == 1) && 2 > 1
