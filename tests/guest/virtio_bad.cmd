# Every rule broken on purpose: the device gives up with the finding and works again after a reset.
# guest: build/tests/guest/virtio_bad.elf
# args: --console stdio --disk build/tests/guest/virtio_bad.img --virtio-opt transport=mmio,packed=on
# sed: s/0x10[0-9a-f]{4}\b/ADDR/g; s/^\+[0-9.]+ /+T /; /virtio.finding/s/addr=0x[0-9a-f]+ len/addr=ADDR len/
continue
events filter virtio.finding
info events 40
