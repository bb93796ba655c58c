# json
print 1 +
