wait long
