info virtio
info virtio blk0
info virtio 1
