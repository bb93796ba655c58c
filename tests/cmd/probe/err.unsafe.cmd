probe do 'vm:io { run "set $rax = 1" }'
