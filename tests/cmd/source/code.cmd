disassemble
disassemble leaf
disassemble/r main,+8
disassemble main,main+5
disassemble counter
break leaf
continue
disassemble
backtrace
backtrace 1
