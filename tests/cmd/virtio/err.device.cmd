virtq net0
