# Both ways to name an image.
# sed: s,/[^ ':]*/,,g
# guest: build/tests/guest/hello.elf
# args: --kernel build/tests/guest/hello.elf
continue
