package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Limits say which runs are to go.
type Limits struct {
	Bytes int64         // what all runs together may take of the disk; 0: any amount
	Age   time.Duration // how long ago a run may have started; 0: any time
	Now   time.Time
	Keep  string // the ID of a run that stays whatever its size and age; may be ""
	Try   bool   // remove nothing, and say what would be
}

// Pruned is what went, and when.
type Pruned struct {
	At     time.Time `json:"at"`
	Runs   int       `json:"runs"`
	Bytes  int64     `json:"bytes"`
	Oldest time.Time `json:"oldest"` // start of the first that went
	Newest time.Time `json:"newest"` // and of the last
	Kept   int64     `json:"kept_bytes"`
	List   []Run     `json:"-"` // oldest first
}

// Prune removes runs, oldest first, until the rest keeps the limits. One that
// goes on stays, and so does what is no run of ours. It also clears away what
// killed writers left half made, and writes the index anew where that has grown.
//
// A run's directory loses its name first: nobody finds half a run.
func Prune(home string, limits Limits) (Pruned, error) {
	out := Pruned{At: limits.Now}
	all, lines, err := list(home)
	if err != nil {
		return out, err
	}
	runs := runsDir(home)
	sizes := make([]int64, len(all))
	each(len(all), func(i int, _ *reader) {
		if l := lines.line(filepath.Base(all[i].dir), &Record{}); l != nil && l.Bytes > 0 && !all[i].Live {
			sizes[i] = l.Bytes
			return
		}
		sizes[i] = sizeOf(all[i].dir)
	})
	for _, n := range sizes {
		out.Kept += n
	}
	for i := len(all) - 1; i >= 0; i-- {
		r := all[i]
		old := limits.Age > 0 && limits.Now.Sub(r.Record.Started) > limits.Age
		large := limits.Bytes > 0 && out.Kept > limits.Bytes
		if r.ID() == limits.Keep || !old && !large || goesOn(r, limits.Now) {
			continue
		}
		if !limits.Try {
			gone := remove(runs, r.dir)
			if errors.Is(gone, fs.ErrNotExist) {
				out.Kept -= sizes[i] // another was faster
				continue
			}
			if gone != nil {
				err = errors.Join(err, fmt.Errorf("history: remove run %s: %w", r.ID(), gone))
				continue
			}
			delete(lines, filepath.Base(r.dir))
		}
		if out.Runs == 0 {
			out.Oldest = r.Record.Started
		}
		out.Newest = r.Record.Started
		out.Runs, out.Bytes, out.Kept = out.Runs+1, out.Bytes+sizes[i], out.Kept-sizes[i]
		out.List = append(out.List, r)
	}
	if limits.Try {
		return out, err
	}
	sweep(runs, limits.Now)
	renewIndex(runs, all, lines)
	return out, err
}

// goesOn reports whether somebody may still be writing the run. On a filesystem
// without locks a living writer cannot be told from a dead one, but for what it
// has written of late.
func goesOn(r Run, now time.Time) bool {
	if r.Live {
		return true
	}
	if r.Record.Outcome != Unknown {
		return false
	}
	for _, name := range [...]string{metaFile, liveFile, seriesFile} {
		info, err := os.Lstat(filepath.Join(r.dir, name))
		if err == nil && now.Sub(info.ModTime()).Abs() < leftAlone {
			return true
		}
	}
	return false
}

// gonePrefix begins the names of what is being removed.
const gonePrefix = ".gone-"

func remove(runs, dir string) error {
	if isHeld(filepath.Join(dir, lockFile)) {
		return errors.New("it goes on")
	}
	to := filepath.Join(runs, gonePrefix+filepath.Base(dir))
	if err := os.RemoveAll(to); err != nil { // one that an earlier removal did not finish
		return err
	}
	if err := os.Rename(dir, to); err != nil {
		return err
	}
	return os.RemoveAll(to)
}

// leftAlone is how long something half made may be somebody's who is still
// making it.
const leftAlone = 24 * time.Hour

// sweep removes what was being made or removed by those who were killed.
func sweep(runs string, now time.Time) {
	entries, err := os.ReadDir(runs)
	if err != nil {
		return
	}
	for _, e := range entries {
		half := strings.HasPrefix(e.Name(), newPrefix) || strings.HasPrefix(e.Name(), gonePrefix)
		if info, err := e.Info(); half && e.IsDir() && err == nil && now.Sub(info.ModTime()) > leftAlone {
			_ = os.RemoveAll(filepath.Join(runs, e.Name()))
		}
	}
}

// renewIndex writes the index anew where half of it or more means nothing, or
// where many runs have no line in it. A line that is added in this moment may be
// lost; that costs time later, and nothing else.
func renewIndex(runs string, all []Run, known index) {
	var lines []indexLine
	missing := 0
	for i := len(all) - 1; i >= 0; i-- {
		r := &all[i]
		name := filepath.Base(r.dir)
		switch l := known.line(name, &Record{}); {
		case r.Live:
		case l != nil && l.Record != nil:
			lines = append(lines, *l)
		default:
			if _, err := os.Lstat(filepath.Join(r.dir, endFile)); err != nil {
				continue // nobody saw its end
			}
			missing++
			lines = append(lines, indexLine{Dir: name, Bytes: sizeOf(r.dir), Record: &r.Record})
		}
	}
	info, err := os.Lstat(filepath.Join(runs, indexFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return
	}
	var b []byte
	for _, l := range lines {
		line, err := json.Marshal(l)
		if err == nil && len(line) < maxIndexLine {
			b = append(append(b, line...), '\n')
		}
	}
	const worth = 64 << 10
	if info != nil && info.Mode().IsRegular() && missing < 100 && info.Size() < 2*int64(len(b))+worth {
		return
	}
	if info != nil && info.IsDir() {
		return
	}
	_ = replace(filepath.Join(runs, indexFile), b)
}

// PruneDue reports whether it is time to prune after a run that has ended, and
// notes that it was asked: once in ten minutes, or where that run is large.
// Whoever tries a thousand settings in an hour need not have all runs looked
// through a thousand times.
func PruneDue(home, dir string, now time.Time) bool {
	const every, large = 10 * time.Minute, 5_000_000
	stamp := filepath.Join(runsDir(home), stampFile)
	info, err := os.Lstat(stamp)
	if err == nil && now.Sub(info.ModTime()).Abs() < every && sizeOf(dir) < large {
		return false
	}
	f, err := os.OpenFile(stamp, os.O_WRONLY|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return false // nothing can be removed here either
	}
	defer f.Close()
	return os.Chtimes(stamp, now, now) == nil
}

// stampFile was last written when the history was last pruned by itself.
const stampFile = "pruned-at"

// The last automatic removal, for whoever lists the runs next.
const prunedFile = "pruned.json"

// NotePruned leaves a word about what went.
func NotePruned(home string, p Pruned) error {
	if p.Runs == 0 {
		return nil
	}
	return writeJSON(filepath.Join(runsDir(home), prunedFile), p)
}

// LastPruned returns what went last, and whether anything ever did.
func LastPruned(home string) (Pruned, bool) {
	var from reader
	var p Pruned
	err := from.json(filepath.Join(runsDir(home), prunedFile), &p)
	return p, err == nil && p.Runs > 0 && p.Bytes >= 0
}
