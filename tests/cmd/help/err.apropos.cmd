apropos zebra
