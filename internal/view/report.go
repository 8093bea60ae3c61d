package view

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/web"
)

// reportData is what a report says of itself and its runs.
type reportData struct {
	Made    time.Time `json:"made"`
	Version string    `json:"version"`
	Private bool      `json:"private"`
	Runs    []Details `json:"runs"`
	Versus  []Versus  `json:"versus"`
}

// The tags of web/index.html in whose place a report has the files themselves.
const (
	scriptTag = `<script type="module" crossorigin src="./app.js"></script>`
	styleTag  = `<link rel="stylesheet" crossorigin href="./app.css">`
)

// WriteReport writes the page with the data of runs, newest first, as one file
// that needs nothing else: it opens from a disk, without a network. What the
// user chose or their program said is in it only where private is true.
//
// The file's own policy allows this script and this style by their digests, and
// no request to anywhere.
func WriteReport(w io.Writer, runs []history.Run, private bool, version string, now time.Time) error {
	data := reportData{Made: now.UTC().Truncate(time.Second), Version: version, Private: private, Runs: []Details{}, Versus: against(runs, private)}
	var blocks strings.Builder
	for i, r := range runs {
		data.Runs = append(data.Runs, Whole(r, private))
		series, err := r.Series()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("view: report: %w", err)
		}
		packed, err := pack(series)
		if err != nil {
			return fmt.Errorf("view: report: %w", err)
		}
		fmt.Fprintf(&blocks, "<script type=\"text/plain\" id=\"series-%d\">%s</script>\n", i, packed)
	}
	// encoding/json writes <, > and & as \u003c and so on: no text can end the
	// element that it stands in.
	said, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("view: report: %w", err)
	}
	page, err := inline(web.Index, web.Script, web.Style)
	if err != nil {
		return err
	}
	head, tail, found := strings.Cut(page, "</body>")
	if !found {
		return errors.New("view: report: the page has no end")
	}
	for _, part := range []string{
		head, "<script type=\"application/json\" id=\"report\">", string(said), "</script>\n",
		blocks.String(), "</body>", tail,
	} {
		if _, err := io.WriteString(w, part); err != nil {
			return fmt.Errorf("view: report: %w", err)
		}
	}
	return nil
}

// inline puts script and style into the document, and a policy that fits them
// in front of both.
func inline(page, script, style string) (string, error) {
	if strings.Contains(script, "</script") || strings.Contains(script, "<!--") || strings.Contains(style, "</style") {
		return "", errors.New("view: report: the script or the style would end its own element")
	}
	if strings.Count(page, scriptTag) != 1 || strings.Count(page, styleTag) != 1 {
		return "", errors.New("view: report: the page does not name its script and style as expected")
	}
	policy := `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src '` + digest(script) +
		`'; style-src '` + digest(style) + `'; img-src data:; base-uri 'none'; form-action 'none'; ` +
		`require-trusted-types-for 'script'; trusted-types 'none'">`
	page = strings.Replace(page, "<head>", "<head>\n"+policy, 1)
	page = strings.Replace(page, styleTag, "<style>"+style+"</style>", 1)
	return strings.Replace(page, scriptTag, `<script type="module">`+script+"</script>", 1), nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pack makes text of a series: its block, compressed.
func pack(s history.Series) (string, error) {
	block, err := encodeBlock(s, true)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(block); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}
