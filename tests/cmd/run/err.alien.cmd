set $rip = alien
continue
info registers rip
assert 1 == 2
