# one command, a topic, a group, a word
help break
help x
help assert
help help
help expressions
help expr
help breakpoints
help running
apropos zeros
