source no/such/script
