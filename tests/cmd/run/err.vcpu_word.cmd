vcpu one
