set listsize 0
