probe do 'vm:io { print "no end }'
