info registers rzx
