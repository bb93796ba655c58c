# sed: s/events of vm: .*/events of vm: .../
probe do vm:nothing { print 1 }
