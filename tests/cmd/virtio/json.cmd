# json
info virtio
info virtio rng0
virtq blk0 0 chains
