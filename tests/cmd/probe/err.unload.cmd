probe unload 7
