//go:build linux

package trainwatch_test

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

var updateCrashes = flag.Bool("update-crashes", false, "write docs/crashes.md anew from what the cases gave")

// crashCase is a program that dies, and what may be told of that.
type crashCase struct {
	number int
	input  string // for the table
	// program is Python's, with the helpers of crashPrelude; or crasher's mode.
	program string
	goMode  string
	shell   string // a command line of the shell's; $PYTHON is Python
	// file tells that standard error is a regular file. Else it is a pipe.
	file bool
	// noInject keeps the hook out, so that only the text is left.
	noInject bool
	appended bool // to the file
	// python311 tells that an older Python cannot show it.
	python311 bool
	env       []string // name, value, …
	planted   []string // besides those of all cases
	files     map[string]string
	// interrupt sends this signal once the program says "ready".
	interrupt syscall.Signal
	// cgroup runs it where the kernel's count of kills rises when it says so.
	cgroup bool

	outcome   string
	recovered int    // gpu_oom_recovered
	want      string // what was sent, as summary has it; "" for no $exception
	// vary leaves the frames of Python's own library out of the comparison: they
	// are other ones in other versions.
	vary bool
}

// crashPrelude is what the programs have in common. Each says nothing but what
// its case is about.
const crashPrelude = `
import os, sys, signal, time
def say(*lines):
    sys.stderr.write("\n".join(lines) + "\n"); sys.stderr.flush()
def die(n):
    sys.stderr.flush(); sys.stdout.flush(); os.kill(os.getpid(), n); time.sleep(60)
`

// plantedEverywhere is in no event of any case.
var plantedEverywhere = []string{
	"alice", "ALICE", "al\"ice", "hunter2", "Hunter2", "acme", "secret.", "Bearer", "hf_AbCdEfGh", "node042", "node17",
	"My Data", "José", "nas01", "10.12.33.7", "10.0.0.3", "ssn_", "ssn ", "Patient", "quokka", "Quokka", secret,
}

// run runs a case bare and watched, and returns what was sent.
func (c crashCase) run(t *testing.T) string {
	server := capture.Start(t)
	if c.number%4 == 1 {
		server.Down() // so that what leaves is in the spool first; that takes seconds
	}
	watched, bare := newWorld(t).sending(server, ourKey), newWorld(t).set("TRAINWATCH_DISABLED", "1")
	for _, w := range []*world{watched, bare} {
		w.dir = watched.dir // what they say of files is the same
		w.set("CRASH_SECRET", secret, "PYTHONHASHSEED", "0", "PYTHON", python(t), "HOSTILE", "hunter2-in-the-environment").set(c.env...)
		if c.goMode == "" {
			w.set("PYTHONDONTWRITEBYTECODE", "1")
		}
	}
	for name, text := range c.files {
		path := filepath.Join(watched.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := c.command(t, watched)
	plain := c.start(t, bare, append(c.inside(), command...))
	run := append(c.inside(), programs.trainwatch, "run", "--quiet")
	if c.noInject {
		run = append(run, "--no-inject")
	}
	got := c.start(t, watched, append(append(run, "--"), command...))
	if got.status != plain.status || got.signal != plain.signal {
		t.Errorf("ended with %d, signal %d; bare with %d, signal %d\n%.2000s", got.status, got.signal, plain.status, plain.signal, got.stderr)
	}
	if steady(got.stderr) != steady(plain.stderr) {
		t.Errorf("stderr:\n%.3000s\nbare:\n%.3000s", got.stderr, plain.stderr)
	}
	watched.settle()
	c.checkLeaks(t, watched, server)
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	events := watched.delivered(server, ourKey)
	c.checkLeaks(t, watched, server)
	end := only(t, events, "train_end")
	if end.Text("outcome") != c.outcome {
		t.Errorf("outcome %s, want %s\n%.2000s", end.Text("outcome"), c.outcome, got.stderr)
	}
	if n, _ := end.Number("gpu_oom_recovered"); int(n) != c.recovered {
		t.Errorf("recovered %v times, want %d", n, c.recovered)
	}
	crashes := named(events, "$exception")
	sent := ""
	if len(crashes) > 0 {
		sent = summary(crashes[0], c.vary)
	}
	if len(crashes) > 1 || sent != c.want {
		t.Errorf("%d $exception, sent %q, want %q\n%.2000s", len(crashes), sent, c.want, got.stderr)
	}
	return sent
}

// command is the program's command line.
func (c crashCase) command(t *testing.T, w *world) []string {
	t.Helper()
	switch {
	case c.goMode != "":
		return []string{programs.crasher, c.goMode}
	case c.shell != "":
		return []string{"/bin/sh", "-c", c.shell}
	}
	main := filepath.Join(w.dir, "main.py")
	if err := os.WriteFile(main, []byte(crashPrelude+c.program), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{python(t), main}
}

// inside is what a case runs in, where that is another world than the test's.
func (c crashCase) inside() []string {
	if !c.cgroup {
		return nil
	}
	// A namespace of its own in which the kernel's counters are files. The kernel's
	// own would end the monitor first: it volunteers.
	return []string{"unshare", "-rm", "/bin/sh", "-c", `mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/memory &&
		for d in /sys/fs/cgroup /sys/fs/cgroup/memory; do : >$d/cgroup.procs; echo 'oom_kill 0' >$d/memory.events; echo 'oom_kill 0' >$d/memory.oom_control; done &&
		exec "$@"`, "sh"}
}

// start runs a command to its end, with standard error as the case has it.
func (c crashCase) start(t *testing.T, w *world, command []string) result {
	t.Helper()
	p := w.command(command[0], command[1:]...)
	if !c.file {
		p.launch()
		c.meddle(p)
		return p.wait()
	}
	name := filepath.Join(filepath.Dir(w.home), "stderr")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// What another run has said before is not this run's.
	if _, err := f.WriteString("Traceback (most recent call last):\nMemoryError\n"); err != nil {
		t.Fatal(err)
	}
	if c.appended {
		if f, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0); err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	p.cmd.Stderr = f
	p.launch()
	c.meddle(p)
	r := p.wait()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r.stderr = string(data)
	return r
}

// meddle does to the running program what the case asks for.
func (c crashCase) meddle(p *process) {
	if c.interrupt != 0 {
		p.says("ready")
		if err := p.cmd.Process.Signal(c.interrupt); err != nil {
			p.t.Error(err)
		}
	}
}

// steady masks what differs between two runs of one program: addresses, process
// ids, and how often Go's scheduler let which goroutine go first.
func steady(s string) string {
	if i := strings.Index(s, "fatal error: "); i >= 0 {
		if j := strings.IndexByte(s[i:], '\n'); j >= 0 {
			s = s[:i+j] // after it, whatever the goroutines were doing
		}
	}
	s = regexp.MustCompile(`0x[0-9a-f]+\??|goroutine \d+|\+0x[0-9a-f]+|pid[ =:]+\d+|PID \d+|process \d+|errors\.SendErrors.*`).ReplaceAllString(s, "N")
	s = regexp.MustCompile(`(?m)^[ ~^]*\^[ ~^]*\n`).ReplaceAllString(s, "") // which part of a line a signal met
	return regexp.MustCompile(`sp=.*`).ReplaceAllString(s, "")
}

// checkLeaks looks for what was planted, and for what the machine and its user
// are called, plain and encoded, in all that telemetry has put on disk or wire.
func (c crashCase) checkLeaks(t *testing.T, w *world, server *capture.Server) {
	t.Helper()
	places := map[string]string{"the wire": string(server.Wire())}
	for path, text := range tree(t, w.state) {
		if !strings.HasPrefix(path, filepath.Join(w.state, "runs")+"/") { // the user's own
			places[path] = text
		}
	}
	words := append(slices.Clone(plantedEverywhere), c.planted...)
	for _, value := range w.env {
		if len(value) >= 12 && !strings.Contains(value, "phc_") && !strings.HasPrefix(value, "http://127.") {
			words = append(words, value)
		}
	}
	for _, part := range strings.Split(w.dir, "/") {
		if len(part) > 5 {
			words = append(words, part)
		}
	}
	for place, text := range places {
		for _, word := range words {
			for _, dress := range disguises(word) {
				if strings.Contains(text, dress) {
					t.Errorf("%s holds %q as %q", place, word, dress)
				}
			}
		}
		if found := plantedNumbers.FindString(text); found != "" {
			t.Errorf("%s holds %q", place, found)
		}
		for _, name := range machineNames() {
			if strings.HasSuffix(place, ".seg") && len(name.String()) < shortName {
				continue // by accident: a segment has checksums and random ids
			}
			if name.MatchString(text) {
				t.Errorf("%s holds the name of the machine or its user, %s", place, name)
			}
		}
	}
}

// disguises are a word, and what it becomes in an encoding, where it is long
// enough that this is no accident.
func disguises(word string) []string {
	if len(word) < 8 {
		return []string{word}
	}
	return dresses(word)
}

// plantedNumbers are in no event as numbers. In an id their digits may stand.
var plantedNumbers = regexp.MustCompile(`[:\[, ](4711|31337|1000000000000)[,}\] ]`)

// shortName is how long the pattern for a name of five letters is.
const shortName = len(`(^|[^A-Za-z0-9_])($|[^A-Za-z0-9_])`) + 5

// machineNames are what this machine and its user are called, as whole words:
// some are short.
func machineNames() (list []*regexp.Regexp) {
	var names []string
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	if u, err := user.Current(); err == nil {
		names = append(names, u.Username, u.HomeDir)
	}
	for _, name := range names {
		if len(name) > 1 {
			list = append(list, regexp.MustCompile(`(^|[^A-Za-z0-9_])`+regexp.QuoteMeta(name)+`($|[^A-Za-z0-9_])`))
		}
	}
	return list
}

// summary says in a line what an $exception tells.
func summary(e capture.Event, vary bool) string {
	var types, frames []string
	list, _ := e.Properties["$exception_list"].([]any)
	for i, one := range list {
		item, _ := one.(map[string]any)
		types = append(types, fmt.Sprint(item["type"]))
		stack, _ := item["stacktrace"].(map[string]any)
		kept, _ := stack["frames"].([]any)
		if i == 0 {
			frames = frameWords(kept, vary)
		}
	}
	parts := []string{e.Text("crash_class"), strings.Join(types, " ← ")}
	if len(frames) > 0 {
		parts = append(parts, strings.Join(frames, " "))
	}
	for _, key := range []string{"errno", "signal", "alloc_bytes_max", "nccl_op", "failed_ranks", "frames_total"} {
		if v, ok := e.Properties[key]; ok {
			if n, _ := e.Number(key); key == "frames_total" && n <= 64 {
				continue // they are all there
			}
			parts = append(parts, fmt.Sprintf("%s %v", key, v))
		}
	}
	return strings.Join(parts, " · ")
}

// frameWords are the frames, each run of the same once. That a line is there is
// said; which it is, where it may be another one elsewhere, is not.
func frameWords(frames []any, vary bool) (words []string) {
	for _, one := range frames {
		f, _ := one.(map[string]any)
		word := fmt.Sprint(f["module"])
		if word != "<app>" {
			if vary {
				continue
			}
			word += "/" + fmt.Sprint(f["function"])
			if _, ok := f["lineno"]; ok {
				word += ":line"
			}
		}
		if len(words) > 0 && strings.HasPrefix(words[len(words)-1], word+" ×") {
			n, _ := strconv.Atoi(strings.TrimPrefix(words[len(words)-1], word+" ×"))
			words[len(words)-1] = fmt.Sprintf("%s ×%d", word, n+1)
			continue
		}
		if len(words) > 0 && words[len(words)-1] == word {
			words[len(words)-1] = word + " ×2"
			continue
		}
		words = append(words, word)
	}
	return words
}

//go:embed testdata/crashes.md
var crashesHead string

// crashesDoc is docs/crashes.md.
func crashesDoc(cases []crashCase) string {
	var b bytes.Buffer
	b.WriteString(crashesHead)
	for _, c := range cases {
		where := "structure"
		switch {
		case c.file && c.noInject:
			where = "text"
		case c.file:
			where = "structure, text"
		}
		want := c.want
		if want == "" {
			want = "no `$exception`"
		} else {
			want = "`" + strings.ReplaceAll(want, " · ", "` · `") + "`"
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s |\n", c.number, strings.ReplaceAll(c.input, "|", `\|`), where, c.outcome, want)
	}
	return b.String()
}
