help
help break
help x
help info
help help
help expressions
help expr
help breakpoints
help running
apropos physical
