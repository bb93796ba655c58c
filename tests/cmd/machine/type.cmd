type hello
type "^C\x41"
