delete 9
