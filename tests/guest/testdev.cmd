# The test ports of pc-testdev, PCI configuration space by ports, an HPET that is not there.
# guest: build/tests/guest/testdev.elf
# args: --console stdio
continue
info device testdev
