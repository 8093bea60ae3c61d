//go:build linux

package trainwatch_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

func processFaults() []fault {
	p := func(name, how string, run func(*row)) fault {
		return fault{kind: processes, name: name, how: how, run: run}
	}
	despite := func(f fault) fault { f.despite = true; return f }
	return []fault{
		despite(p("the wrapper is killed", "SIGKILL of `trainwatch run`: the program dies with it, as a bare one that is killed", func(r *row) {
			r.killedAlike(func(p *process) { signal(r.t, p.cmd.Process.Pid, syscall.SIGKILL) })
			r.ends(nothing)
			r.collect()
		})),
		p("the monitor is killed at its start", "SIGKILL; what it had accepted by then is kept", func(r *row) { r.monitorKilled(false) }),
		p("the monitor is killed in the middle", "SIGKILL with events waiting, recipient down", func(r *row) { r.monitorKilled(true) }),
		p("all of them are killed", "SIGKILL of wrapper, monitor and program at once, recipient down", func(r *row) {
			r.server.Down()
			r.killedAlike(func(p *process) {
				eventually(r.t, "events wait", func() bool { return r.w.waiting() >= 3 })
				monitor := p.monitor()
				for _, pid := range []int{monitor, p.cmd.Process.Pid} {
					signal(r.t, pid, syscall.SIGKILL)
				}
			})
			r.ends(func() { r.must(r.server.Up()) })
			r.checkEvents(r.flushed(), false)
			r.tidy()
		}),
		despite(p("the monitor hangs", "SIGSTOP until the wrapper has returned", func(r *row) {
			program := r.program("-steps", "0")
			bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").start(program[0], program[1:]...)
			bare.says("ready")
			p := r.w.trainwatch(append([]string{"run", "--quiet", "--"}, program...)...)
			monitor := p.monitor()
			p.says("ready")
			stop(r.t, monitor)
			r.same(bare.finish(), p.finish())
			signal(r.t, monitor, syscall.SIGCONT)
			r.ends(nothing)
			r.collect()
		})),
		despite(p("the program is killed", "SIGKILL of the program", func(r *row) { r.diesBy("kill -KILL $$") })),
		despite(p("the program crashes", "SIGSEGV", func(r *row) { r.diesBy("kill -SEGV $$") })),
		despite(p("the scheduler ends the step", "SIGTERM to every process; the program saves and exits 0", func(r *row) {
			program := []string{"sh", "-c", `trap 'echo saved; exit 0' TERM; echo ready; while :; do sleep 0.05; done`}
			bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").start(program[0], program[1:]...)
			bare.says("ready")
			signal(r.t, bare.cmd.Process.Pid, syscall.SIGTERM)
			p := r.w.trainwatch(append([]string{"run", "--quiet", "--"}, program...)...)
			monitor := p.monitor()
			p.says("ready")
			signal(r.t, monitor, syscall.SIGTERM)
			signal(r.t, p.cmd.Process.Pid, syscall.SIGTERM) // which forwards it
			r.same(bare.wait(), p.wait())
			r.ends(nothing)
			r.collect()
		})),
		despite(p("the container ends with the wrapper", "the wrapper is PID 1 of a pid namespace, which the kernel kills as it exits", func(r *row) {
			program := r.program()
			p := r.inContainer(append([]string{programs.trainwatch, "run", "--quiet", "--"}, program...)...)
			p.launch()
			r.same(r.bare(program), p.wait())
			r.arrivedBefore()
		})),
		despite(p("the job step ends with the wrapper", "SLURM_JOB_ID; PID 1 of the namespace exits right after the wrapper", func(r *row) {
			program := r.program()
			r.w.set("SLURM_JOB_ID", "4711")
			init := append([]string{"sh", "-c", `"$@"; exit $?`, "sh", programs.trainwatch, "run", "--quiet", "--"}, program...)
			p := r.inContainer(init...)
			p.launch()
			r.same(r.bare(program), p.wait())
			r.arrivedBefore()
		})),
		p("the container ends, nobody answers", "PID 1 again, and a recipient that never answers; the disk survives", func(r *row) {
			road := newRoad(r.t, r.server, "127.0.0.1:0")
			road.is(hole)
			r.w.set("TRAINWATCH_POSTHOG_HOST", road.url())
			program := r.program()
			p := r.inContainer(append([]string{programs.trainwatch, "run", "--quiet", "--"}, program...)...)
			p.launch()
			r.same(r.bare(program), p.wait())
			r.ends(func() { road.is(open) })
			r.collect()
		}),
		despite(p("a child outlives the program", "a background process that keeps stderr open", func(r *row) {
			program := []string{"sh", "-c", `sleep 1 & echo said; exit 3`}
			r.same(r.bare(program), r.w.cli(append([]string{"run", "--quiet", "--"}, program...)...))
			r.ends(nothing)
			r.collect()
		})),
		despite(p("the executable is gone", "removed while the program runs", func(r *row) {
			copied := filepath.Join(r.w.tmp, "trainwatch")
			// Not by us: a child that we fork meanwhile would hold it open for
			// writing, and nobody could execute it.
			r.w.run("cp", programs.trainwatch, copied)
			program := r.program("-steps", "0")
			bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").start(program[0], program[1:]...)
			bare.says("ready")
			p := r.w.start(copied, append([]string{"run", "--quiet", "--"}, program...)...)
			p.monitor()
			p.says("ready")
			r.must(os.Remove(copied))
			r.same(bare.finish(), p.finish())
			r.ends(nothing)
			r.collect()
		})),
		despite(p("nobody reads stderr", "a pipe whose reader has gone", func(r *row) {
			program := []string{"sh", "-c", `echo out; exit 3`} // which says nothing there itself
			bare := r.bare(program)
			p := r.w.command(programs.trainwatch, append([]string{"run", "--"}, program...)...) // with a summary to say
			reader, writer, err := os.Pipe()
			r.must(err)
			reader.Close()
			p.cmd.Stderr = writer
			p.launch()
			writer.Close()
			r.same(bare, p.wait())
			r.ends(nothing)
			r.collect()
		})),
	}
}

// killedAlike runs the program and has it killed; the bare one is killed by
// itself.
func (r *row) killedAlike(kill func(*process)) {
	r.t.Helper()
	program := []string{programs.stepper}
	bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").start(program[0])
	bare.says("ready")
	signal(r.t, bare.cmd.Process.Pid, syscall.SIGKILL)
	p := r.w.trainwatch(append([]string{"run", "--quiet", "--"}, program...)...)
	p.monitor()
	p.says("ready")
	kill(p)
	r.same(bare.wait(), p.wait())
}

// monitorKilled kills the monitor. What was accepted until then is found in the
// spool.
func (r *row) monitorKilled(later bool) {
	r.t.Helper()
	r.server.Down()
	program := r.program("-steps", "0")
	bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").start(program[0], program[1:]...)
	bare.says("ready")
	p := r.w.trainwatch(append([]string{"run", "--quiet", "--"}, program...)...)
	monitor := p.monitor()
	if later {
		eventually(r.t, "events wait", func() bool { return r.w.waiting() >= 3 })
	}
	signal(r.t, monitor, syscall.SIGKILL)
	p.says("ready")
	r.same(bare.finish(), p.finish())
	r.w.settle()
	waiting := r.w.waiting()
	r.ends(func() { r.must(r.server.Up()) })
	events := r.flushed()
	if len(events) != waiting {
		r.t.Errorf("%d events waited, %d arrived", waiting, len(events))
	}
	if len(events) > 0 {
		r.checkEvents(events, false)
	}
	r.tidy()
}

// tidy has a later run remove what nobody was left to remove.
func (r *row) tidy() {
	r.w.age()
	r.w.set("TRAINWATCH_TELEMETRY", "off").cli("run", "--quiet", "--", "true")
}

// diesBy is a row whose program ends itself.
func (r *row) diesBy(how string) {
	r.t.Helper()
	program := []string{"sh", "-c", `"$@"; echo last words >&2; ` + how, "sh", programs.stepper, "-steps", "20"}
	r.same(r.bare(program), r.w.cli(append([]string{"run", "--quiet", "--"}, program...)...))
	r.ends(nothing)
	r.collect()
}

// inContainer is a command as PID 1 of a pid namespace with a /proc of its own.
func (r *row) inContainer(command ...string) *process {
	script := []string{"-c", `mount -t proc proc /proc && exec "$@"`, "sh"}
	p := r.w.command("sh", append(script, command...)...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		p.mounting()
		p.cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWPID
	}
	return p
}

// arrivedBefore checks that everything has arrived although nobody was left to
// send it after the wrapper.
func (r *row) arrivedBefore() {
	r.t.Helper()
	events := r.server.Events()
	r.checkEvents(events, true)
	r.during = len(events)
}

// isMonitor tells a monitor's command line.
func isMonitor(line string) bool { return strings.HasSuffix(line, "trainwatch\x00monitor") }
