# no-symbols
info symbols
