package monitor

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/trainwatch/trainwatch/errors"
)

// Stderr is a program's standard error where that is a regular file: opened anew,
// so that nothing about the program's own descriptor changes, and read when the
// program has ended. A terminal or a pipe is left alone.
type Stderr struct {
	opened chan *os.File // nil: there is nothing to read
	from   int64
}

// stderrPatience bounds what is done with files of which nobody knows where they
// lie: one on a server that is gone is as if it were not there.
const stderrPatience = time.Second

// maxStderr is how much of the end is read, bytes.
const maxStderr = 256 << 10

// OpenStderr looks, in the background, at what process pid has as its standard
// error. from is where the run's own words begin in it, below 0 if nobody knows.
func OpenStderr(proc string, pid int, from int64) *Stderr {
	if from < 0 {
		return nil
	}
	s := &Stderr{opened: make(chan *os.File, 1), from: from}
	name := filepath.Join(proc, strconv.Itoa(pid), "fd", "2")
	go func() {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			s.opened <- nil
			return
		}
		f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			f = nil // the program may write what its user may not read
		}
		s.opened <- f
	}()
	return s
}

// read returns the end of what was written since the run began; it is called
// once. A file system that does not answer costs a goroutine.
func (s *Stderr) read() []byte {
	if s == nil {
		return nil
	}
	done := make(chan []byte, 1)
	go func() {
		f := <-s.opened
		if f == nil {
			done <- nil
			return
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			done <- nil
			return
		}
		from := max(s.from, info.Size()-maxStderr)
		if from > info.Size() {
			from = max(0, info.Size()-maxStderr) // somebody has cut it off and begun anew
		}
		data, _ := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
		done <- data
	}()
	select {
	case data := <-done:
		return data
	case <-time.After(stderrPatience):
		return nil
	}
}

// said reads what was written about the end: by the program, and in the error
// file that its launcher named.
func (s Scene) said() errors.Said {
	said := errors.ReadText(s.Stderr.read())
	if said.Class != "" || s.ErrorFile == "" {
		return said
	}
	done := make(chan errors.Said, 1)
	go func() { done <- s.errorFile(said) }()
	select {
	case said = <-done:
	case <-time.After(stderrPatience):
	}
	return said
}

// errorFile reads the launcher's error file, if this run has written it.
func (s Scene) errorFile(said errors.Said) errors.Said {
	info, err := os.Stat(s.ErrorFile)
	if err != nil || !info.Mode().IsRegular() || info.ModTime().Before(s.Began) {
		return said
	}
	data, err := ReadLeft(s.ErrorFile, maxStderr)
	if err != nil {
		return said
	}
	if found, err := errors.ReadErrorFile(data); err == nil {
		found.Preempted = said.Preempted
		return found
	}
	return said
}
