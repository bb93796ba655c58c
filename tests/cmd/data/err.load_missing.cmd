load no/such/file main
