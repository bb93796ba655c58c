print/i main
