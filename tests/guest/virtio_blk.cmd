# A disk by virtio-mmio version 2 with a split ring.
# guest: build/tests/guest/virtio_blk.elf
# args: --console stdio --disk build/tests/guest/virtio_blk.img --virtio-opt transport=mmio
# sed: s/0x10[0-9a-f]{4}\b/ADDR/g; s/isr +0x0./isr N/
continue
info device blk0
