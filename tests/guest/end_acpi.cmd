# The guest ends by acpi; registers stay readable.
# guest: build/tests/guest/poweroff.elf
# args: --console stdio --append acpi
# sed: s/0x10[0-9a-f]{4}/ADDR/g
# sed: s/^[+][0-9.]+/+T/
continue
print $cs
