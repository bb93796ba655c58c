# Not an image at all.
# sed: s,/[^ ':]*/,,g
# guest: tests/run
continue
