probe do 'vm:io { print @nothing }'
