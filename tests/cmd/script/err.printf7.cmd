dprintf leaf
