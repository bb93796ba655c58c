catch virtq blk0 1 kick
