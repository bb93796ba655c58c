info symbol main
info symbol 0x100105
info address leaf
info symbols ma
info symbols
