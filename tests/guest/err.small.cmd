# An image that does not fit the memory.
# sed: s,/[^ ':]*/,,g
# guest: build/tests/guest/hello.elf
# args: --mem 1M
continue
