# Ring 3 runs and comes back by a page fault.
# guest: build/tests/guest/user.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
# sed: s/ (A|D)( D)?( |$)/ /
break user_fault
continue
x/dg &user_count
vtop main
vtop 0x300000
continue
