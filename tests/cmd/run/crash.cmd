# an exception nobody handles: the guest stays for inspection
set $rip = crash
continue
info registers rip
info vcpus
