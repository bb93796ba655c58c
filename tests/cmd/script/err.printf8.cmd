dprintf nowhere, "x"
