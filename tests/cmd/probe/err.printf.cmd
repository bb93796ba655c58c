probe do 'vm:io { printf("%d %d\n", port) }'
