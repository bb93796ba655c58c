disassemble main,main
