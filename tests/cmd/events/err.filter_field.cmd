events filter io if nonsense == 1
