# exact, alias, unique prefix, sub-commands
b leaf
i b
i r rip
info reg rip
si
ni
p 1
c
bt 1
inf vc
