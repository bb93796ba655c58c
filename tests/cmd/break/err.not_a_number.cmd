disable first
