printf "%d"
