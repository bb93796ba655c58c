clear leaf
