probe do 'every 1xy { print 1 }'
