undisplay 3
