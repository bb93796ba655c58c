vcpu 7
