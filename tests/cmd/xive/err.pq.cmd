xive set-pq 0x1200 12
