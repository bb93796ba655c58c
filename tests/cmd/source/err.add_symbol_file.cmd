add-symbol-file no/such/file
