x/99999999x main
