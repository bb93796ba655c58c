catch unicorns
