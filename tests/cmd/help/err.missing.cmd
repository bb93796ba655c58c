find
