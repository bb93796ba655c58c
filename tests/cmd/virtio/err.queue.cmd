virtq blk0 1
