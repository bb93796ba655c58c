echo fine
print nonsense
echo not reached
