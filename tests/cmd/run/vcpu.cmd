vcpu
vcpu 1
stepi
info vcpus
info registers rip
vcpu 0
break second
continue
info threads
