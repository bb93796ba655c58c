x/-4x main
