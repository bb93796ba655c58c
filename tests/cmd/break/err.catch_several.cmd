catch io mmio if value == 1
