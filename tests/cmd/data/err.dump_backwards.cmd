dump memory /dev/null 16 8
