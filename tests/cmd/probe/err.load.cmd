# what was read from a file: partial and unsafe are words behind it
probe load tests/cmd/probe/unsafe.probe unsafe
probe load tests/cmd/probe/missing.probe
