source tests/cmd/script/data/fails.gdb
