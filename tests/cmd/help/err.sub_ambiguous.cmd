info ev
info p
