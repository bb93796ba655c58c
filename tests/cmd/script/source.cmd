source tests/cmd/script/data/inner.gdb
echo back
