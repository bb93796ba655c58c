on io where port == 1 stop
