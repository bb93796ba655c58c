# The same with a packed ring, and without ioeventfd: doorbells are exits.
# guest: build/tests/guest/virtio_blk.elf
# args: --console stdio --disk build/tests/guest/virtio_blk_packed.img --virtio-opt transport=mmio,packed=on,ioeventfd=off
# sed: s/0x10[0-9a-f]{4}\b/ADDR/g; s/isr +0x0./isr N/
continue
info device blk0
