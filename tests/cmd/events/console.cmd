info console
continue
info console
info console 1
