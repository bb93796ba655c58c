info line main
