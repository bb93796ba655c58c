probe do vmm:io { print 1 }
