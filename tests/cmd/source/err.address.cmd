info address nothing
