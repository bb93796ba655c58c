probe do 'vm:io { backtrace }'
