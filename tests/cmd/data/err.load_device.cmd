load /dev/zero main
