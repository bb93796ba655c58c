# Not an image at all.
# sed: s,/[^ ':]*/,,g
# guest: build/../tests/run
continue
