# An object file.
# sed: s,/[^ ':]*/,,g
# guest: build/tests/guest/hello.long.o
continue
