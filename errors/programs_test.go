package errors_test

import (
	"bytes"
	"context"
	"encoding/json"
	stderrors "errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/errors/testdata/hunter2"
)

// deaths are the ways a program ends, and what SendErrors reports of them: the
// class and the types, "" for nothing.
var deaths = map[string]struct {
	die    func() error
	report string
}{
	"error":             {func() error { return fmt.Errorf("hunter2: %w", os.ErrNotExist) }, "go_error *fmt.wrapError *errors.errorString"},
	"own error":         {func() error { return &hunter2.Hunter2Error{Hunter2: "hunter2"} }, "go_error <app>"},
	"text":              {func() error { panic("hunter2\n\ngoroutine 1 [running]:\nmain.hunter2()") }, "go_panic <app>"},
	"own value":         {func() error { panic(&hunter2.Hunter2Error{Hunter2: "hunter2"}) }, "go_panic <app>"},
	"value that panics": {func() error { panic(unprintable{}) }, "go_panic <app>"},
	"deep":              {func() error { hunter2.Hunter2Explode("hunter2"); return nil }, "go_panic <app>"},
	"nil":               {func() error { panic(nil) }, "go_panic <app>"}, //nolint:govet // what this is about
	"index":             {func() error { _ = os.Args[len(os.Args)+7]; return nil }, "go_panic runtime.boundsError"},
	"nil map":           {func() error { nilMap()["hunter2"]++; return nil }, "go_panic runtime.Error"},
	"nil deref":         {func() error { var p *hunter2.Hunter2Error; p.Hunter2 = "hunter2"; return nil }, "go_panic runtime.Error"},
	"assertion":         {func() error { var v any = "hunter2"; _ = v.(int); return nil }, "go_panic *runtime.TypeAssertionError"},
	"division":          {func() error { _ = 1 / len(nilMap()); return nil }, "go_panic runtime.Error"},
	"again":             {func() error { defer func() { panic(recover()) }(); panic("hunter2") }, "go_panic <app>"},
	"two":               {func() error { defer func() { panic("hunter2") }(); panic("first") }, "go_panic <app>"},

	"goexit": {func() error {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = errors.SendErrors(teller{}, "inner", func() error { runtime.Goexit(); return nil })
		}()
		<-done
		return nil
	}, ""},
	"exit":      {func() error { os.Exit(3); return nil }, ""},
	"recovered": {func() error { defer func() { _ = recover() }(); panic("hunter2") }, ""},
	"elsewhere": {func() error { go func() { panic("hunter2") }(); select {} }, ""},
	"nothing":   {func() error { return nil }, ""},
}

func nilMap() map[string]int { return nil }

type unprintable struct{}

func (unprintable) Error() string { panic("hunter2") }

// wrappings are the ways to call them. The Reporter tells on standard output.
var wrappings = map[string]func(func() error) error{
	"bare": bare, "sent": sent, "nested": nestedSent, "broken": broken, "hanging": hanging,
}

//go:noinline
func bare(f func() error) error { return f() }

func sent(f func() error) error       { return errors.SendErrors(teller{}, "train", f) }
func nestedSent(f func() error) error { return nested(teller{}, f) }
func broken(f func() error) error {
	return errors.SendErrors(brokenReporters(nil)["panics"], "train", f)
}

func hanging(f func() error) error {
	return errors.SendErrors(brokenReporters(nil)["hangs"], "train", f)
}

type teller struct{}

func (teller) Died(r errors.Report, l errors.Local) {
	line, _ := json.Marshal([]string{string(r.Class) + " " + types(r), l.Where, strings.Join(words(r), " ")})
	fmt.Println(string(line))
}

// dieAs is the program that dies.
func dieAs(mode string) {
	how, wrapping, _ := strings.Cut(mode, "/")
	if err := wrappings[wrapping](deaths[how].die); err != nil {
		fmt.Fprintln(os.Stderr, "failed:", err)
		os.Exit(7)
	}
}

type ending struct{ stdout, stderr, status string }

func run(t *testing.T, how, wrapping string) ending {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), modeVariable+"="+how+"/"+wrapping)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && !stderrors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return ending{stdout.String(), comparableOutput(stderr.String()), cmd.ProcessState.String()}
}

var (
	addresses = regexp.MustCompile(`\+?0x[0-9a-f]+\??`)
	numbers   = regexp.MustCompile(`goroutine \d+|\bm=\d+`)
	// How the program was called: the frames of SendErrors and of what calls it.
	callers = regexp.MustCompile(`(?m)^.*(errors\.SendErrors|errors_test\.(bare|sent|nested|nestedSent|broken|hanging)\b).*\n\t.*\n`)
)

// comparableOutput leaves out of crash output what differs from start to start, and
// the frames between which we stand. A fatal error also shows the runtime's own
// goroutines, whatever they were doing.
func comparableOutput(s string) string {
	if parts := strings.SplitAfterN(s, "\n\n", 3); strings.HasPrefix(s, "fatal error:") && len(parts) == 3 {
		s = parts[0] + parts[1]
	}
	s = callers.ReplaceAllString(s, "")
	s = addresses.ReplaceAllString(s, "0x")
	s = numbers.ReplaceAllString(s, "N")
	return s
}

func TestPrograms(t *testing.T) {
	for how, death := range deaths {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			want := run(t, how, "bare")
			if strings.HasPrefix(death.report, "go_panic") && (want.status != "exit status 2" || !strings.Contains(want.stderr, "errors_test.init.func")) &&
				how != "value that panics" {
				t.Fatalf("no crash to compare with: %+v", want)
			}
			for wrapping := range wrappings {
				if wrapping == "bare" || wrapping == "hanging" && how != "text" && how != "error" {
					continue
				}
				got := run(t, how, wrapping)
				if diff := cmp.Diff(want.status+"\n"+want.stderr, got.status+"\n"+got.stderr); diff != "" {
					t.Errorf("%s (-bare +%s):\n%s", how, wrapping, diff)
				}
				checkTold(t, wrapping, death.report, got.stdout)
			}
		})
	}
}

func checkTold(t *testing.T, wrapping, report, stdout string) {
	t.Helper()
	if strings.Contains(strings.ToLower(stdout), "hunter") {
		t.Errorf("%s: a secret in %s", wrapping, stdout)
	}
	var want []string
	if report != "" {
		switch wrapping {
		case "sent":
			want = []string{report + " train"}
		case "nested":
			for _, where := range strings.Fields("optimizer step batch epoch train") {
				want = append(want, report+" "+where)
			}
		}
	}
	var got []string
	for line := range strings.Lines(stdout) {
		var told [3]string
		if err := json.Unmarshal([]byte(line), &told); err != nil {
			t.Errorf("%s: %v in %s", wrapping, err, line)
		}
		got = append(got, told[0]+" "+told[1])
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: told %q, want %q", wrapping, got, want)
	}
}
