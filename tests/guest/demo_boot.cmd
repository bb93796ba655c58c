# The demo guest boots: protected mode, long mode, its own page tables, both vCPUs in their work.
# guest: demo
# args: --append quiet
# sed: s/0x[0-9a-f]{4,}/ADDR/g
# sed: /^.console/d
# sed: s/returned rax.*/returned/
# sed: s/([a-z]+[.][chS]):[0-9]+/\1:N/
# sed: s/(vCPU  [01].*stopped ).*/\1/
x/i $pc
assert $pc == &pvh_start
tbreak long_start
continue
tbreak paging_init
continue
finish
assert $cr3 == &final_pml4
tbreak secondary_main
continue
info vcpus
tbreak work_round if $rdi == &cpus
continue
assert *(u32 *)&cpus_started == 2
vtop &shared
