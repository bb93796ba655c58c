probe do vm:io { foo = 1 }
