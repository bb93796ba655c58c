# A module that is not there.
# sed: s,/[^ ':]*/,,g
# guest: build/tests/guest/multiboot.elf
# args: --module build/none
continue
