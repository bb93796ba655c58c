disassemble/q
