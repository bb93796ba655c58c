# status: 3
quit 3
echo not reached
