package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/history"
)

// pageEnv is a user with a home of their own.
func pageEnv(t *testing.T, vars map[string]string) (*environment, *bytes.Buffer) {
	t.Helper()
	home := t.TempDir()
	var stderr bytes.Buffer
	env := processEnvironment()
	env.stdout, env.stderr = io.Discard, &stderr
	env.lookup = func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
	env.environ = func() []string { return nil }
	env.home = func() string { return home }
	return env, &stderr
}

func finished(t *testing.T, home, name string) history.Run {
	t.Helper()
	w, err := history.Create(home, history.Meta{RunID: uuid.Must(uuid.NewV7()).String(), Name: name, Command: []string{"train"}})
	if err != nil {
		t.Fatal(err)
	}
	w.Tick(history.NewTick(0))
	if err := w.Finish(history.Record{Outcome: "ok"}); err != nil {
		t.Fatal(err)
	}
	run, err := history.Find(home, w.Meta().RunID)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestViewServesUntilItIsEnded(t *testing.T) {
	env, stderr := pageEnv(t, map[string]string{"SSH_CONNECTION": "192.0.2.7 50022 198.51.100.4 2222"})
	run := finished(t, env.home(), "mine")
	out, in := io.Pipe()
	env.stdout = in
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- viewRuns(ctx, env, "mine", 0, false) }()

	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`^(http://127\.0\.0\.1:(\d+)/[\w-]{24}/)#run=(.*)\n$`).FindStringSubmatch(line)
	if m == nil || m[3] != run.ID() {
		t.Fatalf("printed %q", line)
	}
	answer, err := http.Get(m[1] + "api/runs/" + run.ID())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, _ := io.ReadAll(answer.Body); answer.StatusCode != http.StatusOK || !strings.Contains(string(body), `"mine"`) {
		t.Errorf("answered %d %s", answer.StatusCode, body)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if want := "ssh -N -p 2222 -L " + m[2] + ":127.0.0.1:" + m[2]; !strings.Contains(stderr.String(), want) ||
		!strings.Contains(stderr.String(), "198.51.100.4\n") {
		t.Errorf("over ssh it does not say %q:\n%s", want, stderr)
	}
}

func TestSSHLine(t *testing.T) {
	at := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8123}
	for connection, want := range map[string]string{
		"":                                "",
		"192.0.2.7 50022":                 "",
		"192.0.2.7 50022 -oProxy=x 22":    "", // what stands there goes into a command line
		"192.0.2.7 50022 $(reboot) 22":    "",
		"192.0.2.7 50022 198.51.100.4 22": "ssh -N -L 8123:127.0.0.1:8123 ",
		"::1 50022 2001:db8::7 22":        "ssh -N -L 8123:127.0.0.1:8123 ",
	} {
		got := sshLine(func(string) (string, bool) { return connection, connection != "" }, at)
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%q: %q, want %q", connection, got, want)
		}
	}
}

func TestViewSaysWhatIsWrong(t *testing.T) {
	env, stderr := pageEnv(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"view", "--no-open", "--port", port}, 1, "is taken"},
		{[]string{"view", "--no-open", "--port", "70000"}, 2, "between 1 and 65535"},
		{[]string{"view", "--no-open", "nothing"}, 1, `no run is called "nothing"`},
		{[]string{"view", "--no-open", "a", "b"}, 2, "accepts at most 1 arg"},
		{[]string{"report"}, 2, "-o FILE.html"},
		{[]string{"report", "-o", "x.html"}, 1, "no run is recorded here yet"},
		{[]string{"report", "-o", "x.html", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, 2, "at most 8 runs"},
	} {
		stderr.Reset()
		if status := execute(env, tt.args); status != tt.status || !strings.Contains(stderr.String(), tt.says) {
			t.Errorf("%q: status %d, want %d; said %q", tt.args, status, tt.status, stderr)
		}
	}
}

func TestReportIsWrittenWhole(t *testing.T) {
	env, stderr := pageEnv(t, nil)
	finished(t, env.home(), "secret-one")
	finished(t, env.home(), "secret-two")
	dir := t.TempDir()
	file := filepath.Join(dir, "run.html")

	if status := execute(env, []string{"report", "-o", file}); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("secret-")) || !bytes.Contains(text, []byte(`"outcome":"ok"`)) {
		t.Error("the report holds the name, or not the run")
	}
	if !strings.Contains(stderr.String(), "without names") {
		t.Errorf("it does not say what is in it: %s", stderr)
	}
	if status := execute(env, []string{"report", "last", "last~1", "--include-private", "-o", file}); status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	text, err = os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("secret-one")) || !bytes.Contains(text, []byte("secret-two")) {
		t.Error("with --include-private, a name is missing")
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("something else was left: %v %v", entries, err)
	}

	var out bytes.Buffer
	env.stdout = &out
	if status := execute(env, []string{"report", "-o", "-"}); status != 0 || !bytes.HasPrefix(out.Bytes(), []byte("<!doctype html>")) {
		t.Errorf("to standard output: status %d, %.40q", status, out.Bytes())
	}

	stderr.Reset()
	if status := execute(env, []string{"report", "-o", filepath.Join(dir, "missing", "x.html")}); status != 1 || stderr.Len() == 0 {
		t.Errorf("into no directory: status %d, said %q", status, stderr)
	}
}

// TestTheBrowserIsHandedNoToken: arguments are everybody's to see.
func TestTheBrowserIsHandedNoToken(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	opener := filepath.Join(dir, "xdg-open")
	if err := os.WriteFile(opener, []byte("#!/bin/sh\necho \"$@\" > "+said+".part; mv "+said+".part "+said+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("TMPDIR", dir)
	env, _ := pageEnv(t, map[string]string{"DISPLAY": ":0"})
	clean := openBrowser(env, "http://127.0.0.1:1/secret-token/#run=x")
	var args []byte
	for len(args) == 0 {
		args, _ = os.ReadFile(said)
	}
	if strings.Contains(string(args), "secret-token") {
		t.Errorf("the browser was started with %s", args)
	}
	file := strings.TrimSpace(string(args))
	text, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(text), "secret-token") {
		t.Errorf("the file does not lead to the page: %s %v", text, err)
	}
	for _, path := range []string{file, filepath.Dir(file)} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is readable by others: %v %v", path, info.Mode(), err)
		}
	}
	clean()
	if _, err := os.Stat(file); err == nil {
		t.Error("the file stays")
	}
}
