virtq blk0 0 chains 3
