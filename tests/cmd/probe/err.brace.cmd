probe do vm:io { print 1
