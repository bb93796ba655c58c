events filter unicorns
