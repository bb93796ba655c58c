wait 1
wait 1ms
