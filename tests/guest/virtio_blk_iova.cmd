# The same with addresses that are not guest-physical (ACCESS_PLATFORM).
# guest: build/tests/guest/virtio_blk.elf
# args: --console stdio --disk build/tests/guest/virtio_blk_iova.img --virtio-opt transport=mmio,access_platform=on,iova_offset=0x10000000 --irqchip off
# sed: s/0x10[0-9a-f]{4}\b/ADDR/g; s/isr +0x0./isr N/
continue
info device blk0
