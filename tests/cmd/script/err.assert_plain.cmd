assert q[counter]
