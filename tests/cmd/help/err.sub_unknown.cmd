info regsters
