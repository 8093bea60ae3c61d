package main

import (
	stderrors "errors"
	"os"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
)

// TestWhatAMonitorLeaves is found by the one that comes after it, and by that alone.
func TestWhatAMonitorLeaves(t *testing.T) {
	s := spec{PageDir: t.TempDir(), PID: 7, RunID: uuid.New(), Attempt: 1}
	note := noteMade(s)
	note(event.SystemInfo, 1, 0)
	note(event.TrainStart, 2, 0)
	note(event.TrainProgress, 12_345, 8)
	sent := sentOf(history.Run{}, s)
	if sent.Next != 12_345 || sent.World != 8 || !sent.Names[event.SystemInfo] || !sent.Names[event.TrainStart] || sent.Names[event.TrainEnd] {
		t.Errorf("%+v", sent)
	}
	next := s
	next.Attempt = 2
	if sent := sentOf(history.Run{}, next); sent.Next != 0 || len(sent.Names) != 0 {
		t.Errorf("of another attempt: %+v", sent)
	}
	if noteMade(s) != nil {
		t.Error("it is made twice")
	}
}

// TestWhatAProgramPutsInItsPlace holds nobody up, and is not believed.
func TestWhatAProgramPutsInItsPlace(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"endless":     func(path string) error { return os.Symlink("/dev/zero", path) },
		"large": func(path string) error {
			return stderrors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<30))
		},
		"no number":      func(path string) error { return os.WriteFile(path, []byte(`{"next":-1}`), 0o600) },
		"a large number": func(path string) error { return os.WriteFile(path, []byte(`{"next":9223372036854775807}`), 0o600) },
		"a large world":  func(path string) error { return os.WriteFile(path, []byte(`{"world":9223372036854775807}`), 0o600) },
		"nothing":        func(path string) error { return os.WriteFile(path, nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			s := spec{PageDir: t.TempDir(), PID: 7, RunID: uuid.New(), Attempt: 1}
			for _, what := range []string{madeFile, killsFile} {
				if err := put(leftAt(s, what)); err != nil {
					t.Fatal(err)
				}
			}
			if noteMade(s) != nil {
				t.Error("it is written to")
			}
			noteKills(s)
			if sent := sentOf(history.Run{}, s); sent.Next != 0 || sent.World != 0 || sent.Names == nil {
				t.Errorf("%+v", sent)
			}
			if seen := killsSince(s); seen.OOMKills != 0 {
				t.Errorf("%+v", seen)
			}
		})
	}
}
