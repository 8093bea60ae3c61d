//go:build linux

package trainwatch_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// secret is what a program says in its last message. It has characters that
// every encoding changes.
const secret = "sk-live/Zw9kQ+håndtryk@alice&tok=Xy77"

// address is what differs between two crashes of one program.
var address = regexp.MustCompile(`0x[0-9a-f]+`)

// TestCrashIsToldOnceAndWithoutItsMessage: five nested SendErrors around a
// panic or an error make one $exception per recipient, whoever wraps the
// program; its output and exit status are those without.
func TestCrashIsToldOnceAndWithoutItsMessage(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"panic", "panic-error", "panic-inside", "error", "path-error"} {
		bare := newWorld(t).set("TRAINWATCH_DISABLED", "1", "CRASH_SECRET", secret).run(programs.crasher, how)
		if bare.status < 1 || how != "panic-inside" && !strings.Contains(bare.stderr, secret) {
			t.Fatalf("%s: exit %d, %q", how, bare.status, bare.stderr)
		}
		for name, c := range map[string]struct {
			wrapped bool
			key     string // of the wrapper
		}{
			"alone":                       {},
			"wrapped without key":         {wrapped: true},
			"wrapped with the same key":   {wrapped: true, key: otherKey},
			"wrapped with another key":    {wrapped: true, key: ourKey},
			"alone, down":                 {},
			"wrapped with same key, down": {wrapped: true, key: otherKey},
			"wrapped with another, down":  {wrapped: true, key: ourKey},
		} {
			t.Run(how+" "+name, func(t *testing.T) {
				t.Parallel()
				server := capture.Start(t)
				if strings.HasSuffix(name, "down") {
					server.Down()
				}
				w := newWorld(t).set("TRAINWATCH_TELEMETRY", "on", "CRASH_SECRET", secret,
					"PROGRAM_KEY", otherKey, "PROGRAM_HOST", server.URL())
				recipients := []string{otherKey}
				if c.key != "" {
					w.recipient(server, c.key)
				}
				if c.key == ourKey {
					recipients = append(recipients, ourKey)
				}
				command := []string{programs.crasher, how}
				if c.wrapped {
					command = append([]string{programs.trainwatch, "run", "--quiet", "--"}, command...)
				}
				r := w.run(command[0], command[1:]...)
				w.settle()
				if r.status != bare.status || r.stdout != bare.stdout || plain(r.stderr) != plain(bare.stderr) {
					t.Errorf("exit %d instead of %d, stdout %q, stderr:\n%s\ninstead of:\n%s", r.status, bare.status, r.stdout, r.stderr, bare.stderr)
				}
				checkNoSecret(t, w, server)
				if err := server.Up(); err != nil {
					t.Fatal(err)
				}
				events := w.delivered(server, recipients...)
				checkNoSecret(t, w, server)
				for _, key := range recipients {
					checkCrash(t, how, to(events, key))
				}
				if n := len(named(events, "$exception")); n != len(recipients) {
					t.Errorf("%d $exception for %d recipients", n, len(recipients))
				}
			})
		}
	}
}

func plain(stderr string) string { return address.ReplaceAllString(stderr, "0x") }

// checkCrash checks what one recipient was told of a crash.
func checkCrash(t *testing.T, how string, events []capture.Event) {
	t.Helper()
	checkOneRun(t, events)
	e := only(t, events, "$exception")
	class, types, modules := "go_panic", "", ""
	switch how {
	case "panic-inside":
		modules = "encoding/json"
	case "error":
		class, types = "go_error", "<app-exception>"
	case "path-error":
		class, types = "go_error", "*fs.PathError"
		if n, _ := e.Number("errno"); n != 2 {
			t.Errorf("errno %v", n)
		}
	}
	if e.Text("crash_class") != class || e.Text("$exception_fingerprint") == "" {
		t.Errorf("%s", e.Raw)
	}
	if raw := string(e.Raw); !strings.Contains(raw, types) || !strings.Contains(raw, modules) || !strings.Contains(raw, "<app>") {
		t.Errorf("no %q or no %q in %s", types, modules, raw)
	}
	if end := only(t, events, "train_end"); end.Text("outcome") != "error" {
		t.Errorf("outcome: %s", end.Raw)
	}
}

// checkNoSecret looks for the secret, in every dress, and for the names in the
// user's code, in all that telemetry has put on the disk or on the wire. The
// user's own record may hold them.
func checkNoSecret(t *testing.T, w *world, server *capture.Server) {
	t.Helper()
	places := tree(t, w.state, w.home, w.tmp, w.memory)
	places["the wire"] = string(server.Wire())
	for place, text := range places {
		if strings.HasPrefix(place, filepath.Join(w.state, "runs")+"/") {
			continue
		}
		for _, word := range append(dresses(secret), "quokka", "Quokka", "Zw9kQ", "alice", "crasher/") {
			if strings.Contains(text, word) {
				t.Errorf("%s holds %q", place, word)
			}
		}
	}
}

// dresses are the ways in which a text can stand in another.
func dresses(text string) []string {
	list := []string{text, url.QueryEscape(text), url.PathEscape(text), hex.EncodeToString([]byte(text))}
	for shift := range 3 { // base64 of a part of something longer
		encoded := base64.StdEncoding.EncodeToString([]byte(text[shift:]))
		list = append(list, encoded[:len(encoded)-4], strings.NewReplacer("+", "-", "/", "_").Replace(encoded[:len(encoded)-4]))
	}
	return list
}
