set disassembly-flavor arm
