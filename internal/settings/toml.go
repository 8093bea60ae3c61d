package settings

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// fileConfig is what one config file says.
type fileConfig struct {
	mode             consent.Mode
	modeWarning      string
	host, key        word
	identity         word
	stopFlag         word
	segment          struct{ host, key word }
	reportInterval   word
	reportEverySteps word
	historySize      word
	historyAge       word
}

// parse reads a config file's text. path is only for the messages. An error is
// a file that is no TOML; anything less is a warning that names file, line and
// key, and the key does not count.
func parse(path string, text []byte) (c fileConfig, warnings []Warning, err error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // editors of one system begin a file with it
	// The whole document first, for what a single expression cannot show: a
	// key or table given twice.
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		var where *toml.DecodeError
		if errors.As(err, &where) {
			row, _ := where.Position()
			return fileConfig{}, nil, fmt.Errorf("%s:%d: %w", path, row, err)
		}
		return fileConfig{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	d := document{path: path, text: text}
	d.parser.Reset(text)
	var table []string
	for d.parser.NextExpression() {
		switch e := d.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			key := e.Key()
			table = d.join(nil, key)
			if e.Kind == unstable.ArrayTable {
				d.wrong(table, "a list of tables")
				table = append(table, "[]") // nothing below it is known
			} else if len(table) != 1 || table[0] != "telemetry" && table[0] != "history" {
				d.unknown(table)
			}
		case unstable.KeyValue:
			d.value(table, e)
		}
	}
	if err := d.parser.Error(); err != nil {
		return fileConfig{}, nil, fmt.Errorf("%s: %w", path, err)
	}
	return d.config, d.warnings, nil
}

type document struct {
	path     string
	text     []byte
	parser   unstable.Parser
	line     int // of the key last joined
	config   fileConfig
	warnings []Warning
}

// join returns the whole key below table, and remembers its line.
func (d *document) join(table []string, key unstable.Iterator) []string {
	whole := append([]string(nil), table...)
	for key.Next() {
		n := key.Node()
		d.line = 1 + bytes.Count(d.text[:n.Raw.Offset], []byte("\n"))
		whole = append(whole, string(n.Data))
	}
	return whole
}

func (d *document) value(table []string, e *unstable.Node) {
	key := d.join(table, e.Key())
	v := e.Value()
	if v.Kind == unstable.InlineTable && len(key) < 8 {
		for children := v.Children(); children.Next(); {
			d.value(key, children.Node())
		}
		return
	}
	ours := len(key) > 0 && (key[0] == "telemetry" || key[0] == "history")
	if len(key) != 2 || !ours {
		if ours || len(table) == 0 {
			d.unknown(key) // below an unknown table it is said already
		}
		return
	}
	if key[0] == "history" {
		d.history(key, v)
		return
	}
	switch key[1] {
	case "mode":
		d.mode(key, v)
	case "host":
		d.take(&d.config.host, key, v, unstable.String)
	case "key":
		d.take(&d.config.key, key, v, unstable.String)
	case "segment_host":
		d.take(&d.config.segment.host, key, v, unstable.String)
	case "segment_key":
		d.take(&d.config.segment.key, key, v, unstable.String)
	case "identity":
		d.take(&d.config.identity, key, v, unstable.String)
	case "stop_flag":
		d.take(&d.config.stopFlag, key, v, unstable.String)
	case "report_interval":
		d.take(&d.config.reportInterval, key, v, unstable.String)
	case "report_every_steps":
		d.take(&d.config.reportEverySteps, key, v, unstable.Integer)
	default:
		d.unknown(key)
	}
}

func (d *document) history(key []string, v *unstable.Node) {
	switch key[1] {
	case "max_size":
		d.take(&d.config.historySize, key, v, unstable.String)
	case "max_age":
		d.take(&d.config.historyAge, key, v, unstable.String)
	default:
		d.unknown(key)
	}
}

// mode also takes false and 0 for what they plainly mean.
func (d *document) mode(key []string, v *unstable.Node) {
	switch v.Kind {
	case unstable.String, unstable.Bool, unstable.Integer:
	default:
		d.wrong(key, kindName(v.Kind))
		return
	}
	mode, ok := consent.ParseMode(string(v.Data))
	switch {
	case ok:
		d.config.mode = mode
	case v.Kind == unstable.String:
		d.config.mode = consent.Off
		d.config.modeWarning = d.where(key) + ": neither on nor off; telemetry stays off"
	default:
		d.wrong(key, kindName(v.Kind))
	}
}

func (d *document) take(to *word, key []string, v *unstable.Node, kind unstable.Kind) {
	text := string(v.Data)
	if kind == unstable.Integer {
		text = strings.ReplaceAll(text, "_", "")
	}
	if v.Kind != kind {
		d.wrong(key, kindName(v.Kind))
		return
	}
	*to = word{where: d.where(key), text: text}
}

func (d *document) where(key []string) string {
	return fmt.Sprintf("%s:%d: %s", d.path, d.line, strings.Map(printable, strings.Join(key, ".")))
}

func (d *document) unknown(key []string) { d.warn(key, "there is no such setting; ignored") }

func (d *document) wrong(key []string, kind string) {
	d.warn(key, "must not be "+kind+"; ignored")
}

func (d *document) warn(key []string, text string) {
	const most = 20 // enough to see that the file is not ours
	if len(d.warnings) < most {
		d.warnings = append(d.warnings, Warning{Where: d.where(key), Text: text})
	}
}

func kindName(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "a string"
	case unstable.Bool:
		return "true or false"
	case unstable.Integer:
		return "a number"
	case unstable.Float:
		return "a fraction"
	case unstable.Array:
		return "a list"
	case unstable.InlineTable:
		return "a table"
	default:
		return "a date or time"
	}
}

func printable(r rune) rune {
	if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
		return '?'
	}
	return r
}
