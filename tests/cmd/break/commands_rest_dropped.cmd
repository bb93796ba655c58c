# what follows a line that resumes is not run
break leaf
commands 1; stepi; echo never; end
continue
