# An ELF file cut off in its program headers.
# sed: s,/[^ ':]*/,,g
# guest: build/tests/guest/truncated.elf
continue
