watch $rax
