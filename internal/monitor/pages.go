package monitor

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

const (
	// maxPages bounds how many processes' pages are open at a time.
	maxPages = 128
	// maxNames bounds what is read of a directory that a program fills.
	maxNames = 4096
	// maxOver is how many pages of processes that are over stay on the memory
	// filesystem: a search that starts a process a trial would fill it.
	maxOver = 16
	// lookEvery is the time between two looks for other pages than the run's.
	lookEvery = 100 * time.Millisecond
	// overEvery is the time between two looks for processes that are over.
	overEvery = 5 * time.Second
)

// Pages are the step pages of a run: one on the heap, or those that appear in a
// directory. It belongs to one goroutine.
type Pages struct {
	dir, proc string
	own       bool // the directory's files are ours to remove

	pages  map[string]*page // by file name
	main   *page            // the run's; nil before any told something
	looked time.Time
	swept  time.Time
	over   []string // names of pages whose processes are over, oldest first
}

// page is one process's page.
type page struct {
	name    string
	reader  *steps.Reader // nil: not a page, or no longer looked at
	header  steps.Header  // when last looked at
	drained steps.Header  // when last drained
	told    time.Time     // when it was first seen to hold a record; zero before
	past    bool          // it was the run's page, and another has followed
}

// haul is what one drain of the run's page brought.
type haul struct {
	steps.Drain
	before steps.Header // at the drain before; of a page's first, the zero Header
	fresh  bool         // a page's first
}

// Heap are the pages of a program that watches itself.
func Heap(p *steps.Page) *Pages { return &Pages{main: &page{reader: p.Reader()}} }

// Directory are the pages that the processes of a wrapped program make in dir;
// an empty dir has none. proc is where procfs is mounted. own tells that nobody
// else is to find the pages of processes that are over: many are removed.
func Directory(dir, proc string, own bool) *Pages {
	return &Pages{dir: dir, proc: proc, own: own, pages: map[string]*page{}}
}

// drain hands what the run's page holds to feed: more than once where another
// process has taken the place of the one before. ending says that no more
// pages will come.
func (p *Pages) drain(now time.Time, ending bool, feed func(haul)) {
	if p.dir != "" && (ending || now.Sub(p.looked) >= lookEvery) {
		p.looked = now
		p.look(now)
		for range maxPages { // one may have followed another and ended since the last look
			next := p.next(now, ending)
			if next == nil {
				break
			}
			if p.main != nil {
				p.read(p.main, feed) // its last words
				p.main.past = true
			}
			p.main = next
			p.read(next, feed)
		}
		if now.Sub(p.swept) >= overEvery {
			p.swept = now
			p.sweep()
		}
	}
	if p.main != nil {
		p.read(p.main, feed)
	}
}

func (p *Pages) read(one *page, feed func(haul)) {
	if one.reader == nil {
		return
	}
	d, err := one.reader.Drain()
	if err != nil {
		one.close()
		return
	}
	h := haul{Drain: d, before: one.drained, fresh: one.drained.Head == 0}
	one.header, one.drained = d.Header, d.Header
	feed(h)
}

// look opens pages that have appeared and reads what every one says of itself,
// but leaves its records: those of a page that is not chosen are never read,
// and those of one that will be must not be lost.
func (p *Pages) look(now time.Time) {
	room := maxPages - p.open()
	for _, name := range p.names() {
		if p.pages[name] != nil || room <= 0 {
			continue
		}
		p.pages[name] = openPage(p.dir, name)
		if p.pages[name].reader != nil {
			room--
		}
	}
	for _, one := range p.pages {
		if one.reader == nil {
			continue
		}
		h, err := one.reader.Header()
		if err != nil {
			one.close()
			continue
		}
		one.header = h
		if one.told.IsZero() && h.Head > 0 {
			one.told = now
		}
	}
}

// openPage opens a page. One that says it is another process's than its name
// does is nobody's.
func openPage(dir, name string) *page {
	one := &page{name: name}
	pid, ok := pidOf(name)
	if !ok {
		return one
	}
	reader, err := steps.OpenReader(filepath.Join(dir, name))
	if err != nil {
		return one
	}
	if h, err := reader.Header(); err != nil || h.PID != pid {
		_ = reader.Close()
		return one
	}
	one.reader = reader
	return one
}

// names lists the directory.
func (p *Pages) names() []string {
	d, err := os.Open(p.dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(maxNames) // at the end of it an error, and some names even so
	return names
}

// pidOf returns the process that the page PID-N.page is of.
func pidOf(name string) (pid int, ok bool) {
	stem, ok := strings.CutSuffix(name, ".page")
	if !ok {
		return 0, false
	}
	before, number, ok := strings.Cut(stem, "-")
	if _, err := strconv.ParseUint(number, 10, 8); !ok || err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(before, 10, 31)
	return int(n), err == nil && n > 0
}

// lastSteps returns the processes that made steps and when each made its last.
func (p *Pages) lastSteps(now time.Time) map[int]time.Time {
	if p.dir == "" {
		return nil
	}
	p.look(now)
	list := map[int]time.Time{}
	for _, one := range p.pages {
		if h := one.header; h.Steps > 0 && h.LastStepAt >= 0 && !h.Base.IsZero() {
			list[h.PID] = h.Base.Add(h.LastStepAt)
		}
	}
	return list
}

func (p *Pages) open() (n int) {
	for _, one := range p.pages {
		if one.reader != nil {
			n++
		}
	}
	return n
}

// headers returns what every readable page says of itself.
func (p *Pages) headers() []steps.Header {
	var list []steps.Header
	for _, one := range p.pages {
		if one.reader != nil {
			list = append(list, one.header)
		}
	}
	return list
}

// sweep lets go of the pages whose processes are over and which can no longer
// become the run's.
func (p *Pages) sweep() {
	for name, one := range p.pages {
		mayBeRuns := one == p.main || !one.past && one.header.Head > 0 && p.mayFollow(one)
		if one.reader == nil || mayBeRuns || !isOver(p.proc, one.header) {
			continue
		}
		one.close()
		p.over = append(p.over, name)
	}
	for ; p.own && len(p.over) > maxOver; p.over = p.over[1:] {
		if os.Remove(filepath.Join(p.dir, p.over[0])) == nil { // else it goes with the directory
			delete(p.pages, p.over[0])
		}
	}
}

func (one *page) close() {
	if one.reader != nil {
		_ = one.reader.Close()
		one.reader = nil
	}
}

func (p *Pages) close() {
	for _, one := range p.pages {
		one.close()
	}
	if p.main != nil {
		p.main.close()
	}
}
