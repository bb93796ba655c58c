info symbols zz
