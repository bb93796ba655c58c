set colour blue
