# sed: s/at [0-9.]* ms/at T ms/
# BEGIN, variables, conditions, formats, maps, keys, explain
probe do 'BEGIN { $x = 5; print "x is", $x, hex(255), 7 / 2; if ($x > 4 && $x != 6) { print "yes" } else if ($x) { print "no" } else { print "never" } }'
probe do 'BEGIN { printf("%d|%5d|%-5d|%x|%s|%c|100%%\n", 1, 2, 3, 255, "text", 65) }'
probe do 'BEGIN { @n = count(); @n++; @s["a", 1] = sum(3); @s["a", 1] = sum(4); @s["b", 1] = sum(-1); @h = hist(0); @h = hist(-5); @h = hist(1000); @q = quantiles(7); @v = 9; @m[1] = max(3); @m[1] = max(2) }'
probe maps
probe do 'BEGIN { @l = lhist(-1, 0, 4, 2); @l = lhist(1, 0, 4, 2); @l = lhist(3, 0, 4, 2); @l = lhist(4, 0, 4, 2); @t[1] = top(2); @t[2] = top(2); @t[2] = top(2); @t[3] = top(2); @gone[1] = count(); delete @gone[1]; @c = count(); clear @c; @z = count(); zero @z }'
probe do 'vm:io, vm:mmio / vcpu == 0 / { @[pc] = count() } every 1s { print @ }'
probe do 'sequence vcpu / vm:stop if reason == BREAKPOINT -> vm:resume -> vm:stop within 2s / { finding "again", vcpu } invariant "stops have a place" { vm:stop requires pc != 0; }'
info probefiles
probe explain 5
probe explain
break leaf
continue
continue
continue
info probefiles
probe unload 6
probe unload 5
