assert $rip + 1 == main
