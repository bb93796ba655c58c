# step and next follow instructions where no lines are known
step
next
step 3
next 2
