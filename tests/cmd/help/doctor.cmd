# no-target
doctor
