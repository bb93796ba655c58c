virtq blk0
virtq blk0 0
virtq blk0 0 chains
virtq rng0 0
virtq blk0 0 history
