package monitor_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/monitor"
)

var aSecondAgo = time.Now().Add(-time.Second)

// crash is what a Go process of the run has left a second ago, and at nanoseconds.
func crash(t *testing.T, dir, name, message string, at int64, sentTo ...string) {
	t.Helper()
	data, err := errors.EncodeCrash(errors.Crash{
		PID: 1, Rank: -1, Time: aSecondAgo.UnixNano() + at, SentTo: sentTo,
		Report: errors.Report{Class: errors.GoPanic}, Local: errors.Local{Message: message},
	})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestOfSeveralCrashesTheFirstIsTheCause(t *testing.T) {
	dir := t.TempDir()
	crash(t, dir, "crash-20-go.json", "the watchdog", 3000_000)
	crash(t, dir, "crash-30-go.json", "the cause", 1000_000)
	crash(t, dir, "crash-10-go.json", "a broken pipe", 2000_000)
	e := monitor.Scene{Dir: dir, Recipient: "us"}.Ended(errors.Exit{Code: 2}, monitor.Seen{})
	if e.Local.Message != "the cause" || !e.Crashed || e.Sent || e.ExitCode != 2 {
		t.Errorf("%+v", e)
	}
	if e := (monitor.Scene{Dir: dir, Recipient: "us"}).Ended(errors.Exit{}, monitor.Seen{}); e.Crashed || e.Local.Message != "" || e.Outcome != errors.OK {
		t.Errorf("of a program that went on: %+v", e)
	}
}

// TestARecipientHearsOfARunsDeathOnce, whichever of its processes told.
func TestARecipientHearsOfARunsDeathOnce(t *testing.T) {
	dir := t.TempDir()
	crash(t, dir, "crash-30-go.json", "the cause", 1000_000, "other")
	crash(t, dir, "crash-10-go.json", "what followed", 2000_000, "us")
	for recipient, want := range map[string]bool{"us": true, "other": true, "third": false, "": false} {
		if e := (monitor.Scene{Dir: dir, Recipient: recipient}).Ended(errors.Exit{Code: 2}, monitor.Seen{}); e.Sent != want || !e.Crashed {
			t.Errorf("%q: %+v", recipient, e)
		}
	}
}

func TestWhatIsNoCrashFile(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, err := range []error{
		syscall.Mkfifo(in("crash-1-0.json"), 0o600),
		os.Symlink("/dev/zero", in("crash-2-0.json")),
		os.Mkdir(in("crash-3-0.json"), 0o700),
		os.WriteFile(in("crash-4-0.json"), []byte("{"), 0o600),
		os.WriteFile(in("crash-5-0.json"), []byte(strings.Repeat(" ", errors.MaxCrashFile+1)), 0o600),
		os.WriteFile(in("crash-6-0.json.tmp"), []byte("{}"), 0o600),
		os.WriteFile(in("crash-7-0.json"), nil, 0o000),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, where := range []string{dir, "", "/nonexistent", in("crash-4-0.json")} {
		if e := (monitor.Scene{Dir: where, Recipient: "us"}).Ended(errors.Exit{Code: 1}, monitor.Seen{}); e.Outcome != errors.Error || e.Local.Message != "" || e.Sent {
			t.Errorf("%q: %+v", where, e)
		}
	}
}

// TestTheOldestCrashFilesAreRead of more than anybody would read.
func TestTheOldestCrashFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	began := time.Now()
	for i := range 200 {
		name := "crash-" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "-0.json"
		crash(t, dir, name, "crash "+name, int64(1000-i)*1000_000)
		when := began.Add(time.Duration(i) * time.Second)
		if err := os.Chtimes(filepath.Join(dir, name), when, when); err != nil {
			t.Fatal(err)
		}
	}
	e := monitor.Scene{Dir: dir, Recipient: "us"}.Ended(errors.Exit{Code: 1}, monitor.Seen{})
	if want := "crash crash-" + string(rune('a'+63%26)) + string(rune('a'+63/26)) + "-0.json"; e.Local.Message != want {
		t.Errorf("%q, want %q", e.Local.Message, want)
	}
}

// TestHowItEnded in words, for the record.
func TestHowItEnded(t *testing.T) {
	for _, c := range []struct {
		end  monitor.End
		want string
	}{
		{monitor.End{Outcome: errors.OK}, "finished"},
		{monitor.End{Outcome: errors.OutcomeStop, Signal: 2}, "stopped by the user"},
		{monitor.End{Outcome: errors.Signal, Signal: 11, ExitCode: -1}, "killed by signal 11 (SIGSEGV)"},
		{monitor.End{Outcome: errors.Error, ExitCode: 7}, "failed with exit status 7"},
		{monitor.End{Outcome: errors.Error, ExitCode: -1, Local: errors.Local{Message: "KeyError: 3\nmore"}}, "failed: KeyError: 3"},
		{monitor.End{Outcome: errors.OutcomeUnknown, ExitCode: -1}, "nobody saw how it ended"},
		{monitor.End{Outcome: errors.Error, ExitCode: 1, Report: errors.Report{Class: errors.DiskFull}, Local: errors.Local{Message: "OSError: x"}}, "failed with exit status 1, the disk was full: OSError: x"},
		{monitor.End{Outcome: errors.Signal, Signal: 6, ExitCode: -1, Report: errors.Report{Class: errors.NCCLTimeout}}, "killed by signal 6 (SIGABRT), a collective operation timed out"},
		{monitor.End{Outcome: errors.OutcomeHostOOM, Signal: 9, ExitCode: -1, WholeMachine: true}, "killed by the kernel: the machine ran out of memory (by the whole machine's count of such kills, the only one there is here)"},
	} {
		bubble(c.want, t, func(t *testing.T) {
			r := watch(t)
			equal(t, "how it ended", r.finish(c.end).Record.HowItEnded, c.want)
		})
	}
}
