# The guest is stopped where the device notices a doorbell, takes a buffer and gives it back.
# guest: build/tests/guest/virtio_blk.elf
# args: --console stdio --disk build/tests/guest/virtio_blk.img --virtio-opt transport=mmio
# sed: s/0x10[0-9a-f]{4}\b.*/ADDR/; s/^\+[0-9.]+/+T/; s/service_ns=[0-9]+/service_ns=N/; s/avail_(after|by)_ns=[0-9]+/avail_\1_ns=N/g; s/(doorbell|look|used|interrupt) (-|[0-9.]+ .?s)/\1 T/g; /^[a-z]+\.[hcS]:[0-9]+/d; s/out +[0-9.]+ .?s /out T /; s/^ *=> .*/PC/
catch virtq blk0 0 kick
continue
virtq blk0 0
delete 1
catch virtq blk0 * pick if head == 0 && writable > 2000
continue
virtq blk0 0 chains
delete 2
catch virtq blk0 0 used if seq == 5
continue
delete 3
continue
