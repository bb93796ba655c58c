# An entry point where nothing is loaded.
# sed: s,/[^ ':]*/,,g
# guest: build/tests/guest/entry_outside.elf
continue
