package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/history"
)

// TestCommandsOnAHostileHistory: whatever lies in the history, the commands
// return, what they print has no power over a terminal, and nothing outside is
// touched. The test binary's own time limit is the witness that none hangs.
func TestCommandsOnAHostileHistory(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte(`{"name":"from outside","outcome":"ok","run_id":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	nasty := "<script>alert(1)</script>\x1b]0;owned\x07\x1b[31m\u202e\u0000\n'$(rm -rf /)'" + strings.Repeat("長", 3000)
	for name, damage := range map[string]func(path string) error{
		"fifo":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"link":   func(path string) error { return os.Symlink(outside, path) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"a gigabyte": func(path string) error {
			if err := os.WriteFile(path, []byte("TWSERIES"), 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 1<<30)
		},
		"negative times": func(path string) error {
			return os.WriteFile(path, []byte(`{"outcome":"ok","started":"0001-01-01T00:00:00Z","ended":"0000-01-01T00:00:00Z","duration_s":-1e300,"steps_total":-9e18,"step_p50_ms":-5,"step_p95_ms":1e308,"gpu_mem_used_peak_bytes":18446744073709551615,"epoch":-3,"at_s":-7,"epoch_s":-1,"kind":"eval","took_s":-1,"steps_per_block":1,"i":-4,"steps":18446744073709551615,"bins":[4294967295,18446744073709551615]}`), 0o600)
		},
		"huge blocks": func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat(`{"steps_per_block":9007199254740992,"i":0,"steps":9007199254740992,"min_ms":0,"max_ms":1e300,"sum_ms":1e300,"bins":[0,9007199254740992]}`+"\n", 1000)), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecorded(t)
			for n, file := range []string{"run.json", "live.json", "end.json", "series.bin", "epochs.jsonl", "blocks.jsonl", "spans.jsonl", "lock", "none"} {
				r.add(t, false, func(rec *history.Record, m *history.Meta) {
					m.RunID = "01956f3c-a200-7ab" + string(rune('0'+n)) + "-8def-0123456789ab"
					m.Name, m.Command, m.Dir, m.Host, m.Job = nasty, []string{nasty, nasty}, nasty, nasty, nasty
					m.System = map[string]any{nasty: nasty, "n": n}
					rec.Message, rec.Stack, rec.HowItEnded, rec.CrashClass = nasty, nasty, nasty, nasty
				})
				path := filepath.Join(r.home, "runs", "01956f3c-a200-7ab"+string(rune('0'+n))+"-8def-0123456789ab", file)
				os.Remove(path)
				if err := damage(path); err != nil {
					t.Fatal(err)
				}
			}
			for _, file := range []string{"index.jsonl", "pruned.json"} {
				path := filepath.Join(r.home, "runs", file)
				os.Remove(path)
				if err := damage(path); err != nil {
					t.Fatal(err)
				}
			}
			commands := [][]string{{"runs"}, {"runs", "--json"}, {"runs", "--name", nasty[:40]}, {"runs", "--outcome", "ok", "--since", "1000w"}, {"prune", "--dry-run", "--max-size", "1B"}}
			for n := range 9 {
				id := "01956f3c-a200-7ab" + string(rune('0'+n)) + "-8def-0123456789ab"
				commands = append(commands, []string{"show", id}, []string{"show", "--json", id}, []string{"compare", id, "01956f3c-a200-7ab8-8def-0123456789ab", "--fail-if", "step_p95>+5%"})
			}
			commands = append(commands, []string{"show", filepath.Join(r.home, "runs", "index.jsonl")}, []string{"compare", filepath.Join(r.home, "runs", "pruned.json"), "last"}, []string{"prune", "--max-size", "1B"})
			for _, args := range commands {
				cmd := map[string]func(*environment) *cobra.Command{"runs": newRunsCmd, "show": newShowCmd, "compare": newCompareCmd, "prune": newPruneCmd}[args[0]](r.env)
				err := r.run(cmd, args[1:]...)
				text := r.out.String() + r.err.String()
				if err != nil {
					text += err.Error()
				}
				given := strings.HasPrefix(args[min(1, len(args)-1)], r.home) // whom the user names is read, link or not
				if strings.Contains(text, "from outside") && !given {
					t.Errorf("%v followed a link", args)
				}
				for _, c := range text {
					if c != '\n' && !unicode.IsGraphic(c) {
						t.Fatalf("%v prints %U", args, c)
					}
				}
			}
			if b, err := os.ReadFile(outside); err != nil || !strings.Contains(string(b), "from outside") {
				t.Errorf("what a link points to: %q, %v", b, err)
			}
		})
	}
}
