source tests/cmd/script/data/itself.gdb
