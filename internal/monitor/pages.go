package monitor

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// maxPages bounds how many processes of one run are looked at.
const maxPages = 256

// Pages are the step pages of a run: one on the heap, or those that appear in a
// directory. It belongs to one goroutine.
type Pages struct {
	dir   string
	pages map[string]*page
	main  *page
}

type page struct {
	reader *steps.Reader
	header steps.Header
	dead   bool // unreadable or hostile: never looked at again
}

// Heap are the pages of a program that watches itself.
func Heap(p *steps.Page) *Pages {
	one := &page{reader: p.Reader()}
	return &Pages{pages: map[string]*page{"": one}, main: one}
}

// Directory are the pages that the processes of a wrapped program make in dir.
// An empty dir has none.
func Directory(dir string) *Pages { return &Pages{dir: dir, pages: map[string]*page{}} }

// discover looks for pages that have appeared.
func (p *Pages) discover() {
	if p.dir == "" || len(p.pages) >= maxPages {
		return
	}
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		name := e.Name()
		if p.pages[name] != nil || !strings.HasSuffix(name, ".page") || len(p.pages) >= maxPages {
			continue
		}
		reader, err := steps.OpenReader(filepath.Join(p.dir, name))
		p.pages[name] = &page{reader: reader, dead: err != nil}
	}
}

// drain reads every page and returns what the run's own page held: the one of
// the lowest rank that has stepped. Of several processes that do not say their
// rank, the first that stepped is the run's.
//
// A page that is drained before it is chosen would lose its records, so only
// headers are compared until one has stepped, and the choice then holds unless
// a lower rank appears.
func (p *Pages) drain() (steps.Drain, bool) {
	p.discover()
	if p.dir == "" {
		return p.read(p.main)
	}
	for _, one := range p.pages {
		if one.dead || one == p.main {
			continue
		}
		h, err := one.reader.Header()
		if err != nil {
			one.dead = true
			continue
		}
		one.header = h
		if stepped(h) && (p.main == nil || p.main.dead || before(h, p.main.header)) {
			p.main = one
		}
	}
	return p.read(p.main)
}

func (p *Pages) read(one *page) (steps.Drain, bool) {
	if one == nil || one.dead {
		return steps.Drain{}, false
	}
	d, err := one.reader.Drain()
	if err != nil {
		one.dead = true
		return steps.Drain{}, false
	}
	one.header = d.Header
	return d, true
}

func stepped(h steps.Header) bool { return h.Head > 0 }

// before reports whether a is the run's page rather than b.
func before(a, b steps.Header) bool {
	if a.Rank != b.Rank {
		return a.Rank >= 0 && (b.Rank < 0 || a.Rank < b.Rank)
	}
	return a.Base.Before(b.Base)
}

// headers returns what every readable page says of itself.
func (p *Pages) headers() []steps.Header {
	var list []steps.Header
	for _, one := range p.pages {
		if !one.dead {
			list = append(list, one.header)
		}
	}
	return list
}

func (p *Pages) close() {
	for _, one := range p.pages {
		if one.reader != nil {
			_ = one.reader.Close()
		}
	}
}
