probe do 'vm:io { @a = count(); @a[port] = sum(size) }'
