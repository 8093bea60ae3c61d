package settings

// Parse reads a config file's text.
func Parse(path string, text []byte) (mode string, warnings []Warning, err error) {
	c, warnings, err := parse(path, text)
	return c.mode.String(), warnings, err
}

// ParseStat reads fields 4 and 22 of a stat.
func ParseStat(text []byte) (parent int, start uint64, err error) { return parseStat(text) }
