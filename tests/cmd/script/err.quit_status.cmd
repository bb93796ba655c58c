quit 300
