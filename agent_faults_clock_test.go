//go:build linux

package trainwatch_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func clockFaults() []fault {
	c := func(name, how string, run func(*row)) fault {
		return fault{kind: clock, name: name, how: how, run: run}
	}
	despite := func(f fault) fault { f.despite = true; return f }
	warns := func(f fault) fault { f.warns = true; return f }
	const year = 365 * 24 * time.Hour
	return []fault{
		c("the clock jumps forth by a year during the run", "the same code with a wall clock that is set in the middle, recipient down", jumps(0, year, year)),
		c("the clock jumps back by a year during the run", "likewise", jumps(0, -year, -year)),
		c("the clock is a year ahead during the run, then right", "likewise, set between run and flush", jumps(year, year, 0)),
		c("the clock is a year behind during the run, then right", "likewise", jumps(-year, -year, 0)),
		c("the clock jumps forth and back during the run", "likewise", jumps(0, year, 0)),
		warns(despite(c("an empty environment", "nothing but key, host and yes; no HOME, no PATH", func(r *row) {
			r.w.unset("HOME", "TRAINWATCH_HOME", "PATH")
			r.w.set("TMPDIR", r.w.tmp)
			program := r.program()
			program[0] = "/bin/sh"
			p := r.w.command(programs.trainwatch, append([]string{"run", "--quiet", "--"}, program...)...)
			p.launch()
			bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").unset("HOME", "PATH").run(program[0], program[1:]...)
			r.same(bare, p.wait())
			r.ends(nothing)
			r.collect()
		}))),
		warns(despite(c("nonsense in every variable", "numbers that are none, durations that are none", func(r *row) {
			r.w.set("TRAINWATCH_INTERVAL", "soon", "TRAINWATCH_REPORT_INTERVAL", "-1", "TRAINWATCH_REPORT_EVERY_STEPS", "many",
				"TRAINWATCH_INJECT", "perhaps", "TRAINWATCH_QUIET", "a little", "TRAINWATCH_PARENT", "\xff", "TRAINWATCH_PAGE_DIR", "/nowhere", "COLUMNS", "-3")
			r.watch()
			r.ends(nothing)
			r.collect()
		}))),
		despite(c("nonsense for a proxy", "HTTPS_PROXY=::::, which is passed over", func(r *row) {
			r.secureRoad()
			r.w.set("HTTPS_PROXY", "::::",
				"TRAINWATCH_POSTHOG_HOST", strings.Replace(r.w.env["TRAINWATCH_POSTHOG_HOST"], "localhost", secureName, 1))
			names := sharedNames.Load()
			if names == nil {
				r.t.Fatal("there is no resolver: this row belongs into TestFaultMatrix")
			}
			names.set(secureName, func(q query) []byte { return q.address(net.IPv4(127, 0, 0, 1)) })
			r.watch()
			r.ends(nothing)
			r.collect()
		})),
		warns(despite(c("few file descriptors", "ulimit -n 32", underLimit("ulimit -n 32")))),
		despite(c("no memory file system for pages", "XDG_RUNTIME_DIR is not there", func(r *row) {
			r.w.set("XDG_RUNTIME_DIR", filepath.Join(r.w.tmp, "nowhere"))
			r.watch()
			r.ends(nothing)
			r.collect()
		})),
		despite(c("the working directory is gone", "removed before the start", func(r *row) {
			program := r.program()
			leave := func(w *world, command ...string) result {
				return w.run("sh", append([]string{"-c", `mkdir gone && cd gone && rmdir ../gone && exec "$@"`, "sh"}, command...)...)
			}
			bare := leave(newWorld(r.t).set("TRAINWATCH_DISABLED", "1"), program...)
			r.same(bare, leave(r.w, append([]string{programs.trainwatch, "run", "--quiet", "--"}, program...)...))
			r.ends(nothing)
			r.collect()
		})),
		warns(despite(c("umask 0777", "what is made has no permissions at first", underLimit("umask 0777")))),
	}
}

// jumps is a row with a wall clock that is wrong by so much: at the start, from
// the middle of the run on, and when it is flushed.
func jumps(first, then, last time.Duration) func(*row) {
	return func(r *row) {
		if programs.clocked == "" {
			r.t.Fatal("the program with a clock to set is not built: this row belongs into TestFaultMatrix")
		}
		file := filepath.Join(r.w.tmp, "clock")
		set := func(d time.Duration) {
			r.must(os.WriteFile(file+".next", []byte(strconv.FormatInt(int64(d/time.Second), 10)), 0o600))
			r.must(os.Rename(file+".next", file))
		}
		set(first)
		r.server.Down()
		r.w.set("TRAINWATCH_TEST_AS_COMMAND", "1", "TRAINWATCH_TEST_CLOCK", file, "TRAINWATCH_REPORT_INTERVAL", "1s")
		program := r.program("-steps", "0")
		bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").start(program[0], program[1:]...)
		bare.says("ready")
		p := r.w.start(programs.clocked, append([]string{"run", "--quiet", "--"}, program...)...)
		p.says("ready")
		eventually(r.t, "the run has begun", func() bool { return r.w.waiting() >= 3 })
		before := r.w.waiting()
		set(then)
		eventually(r.t, "the run goes on", func() bool { return r.w.waiting() > before })
		r.same(bare.finish(), p.finish())
		r.ends(func() { r.must(r.server.Up()) })
		set(last)
		if f := r.w.run(programs.clocked, "telemetry", "flush"); f.status != 0 {
			r.t.Errorf("flush: exit %d, %s", f.status, f.stderr)
		}
		events := r.collect()
		for _, e := range named(events, "train_end") {
			if n, ok := e.Number("duration_s"); !ok || n < 0 || n > 600 {
				r.t.Errorf("duration_s is %v", n)
			}
		}
	}
}
