down
