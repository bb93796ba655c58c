break/x main
