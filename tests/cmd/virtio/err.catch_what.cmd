catch virtq blk0 0 dance
