probe do 'vm:io { @ = lhist(size, 9, 1, 1) }'
