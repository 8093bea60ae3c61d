package identity

// Parse reads the text of a secret's file.
func Parse(text []byte) ([secretSize]byte, error) { return parse(text) }
