catch io if gpa == 1
