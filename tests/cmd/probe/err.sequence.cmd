probe do 'sequence vcpu / vm:io / { print 1 }'
