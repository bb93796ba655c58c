x/4q main
