finish now
