catch virtq blk0 0 kick
catch virtq blk0 * finding if rule == 8
catch virtq 1 0 used if len > 0
info breakpoints
