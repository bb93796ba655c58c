brake main
