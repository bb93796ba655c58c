show color
