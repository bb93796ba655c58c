set listsize many
