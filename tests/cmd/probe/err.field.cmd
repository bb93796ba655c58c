probe do vm:io / pord == 1 / { print 1 }
