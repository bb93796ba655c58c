break leaf if $rdi ==
