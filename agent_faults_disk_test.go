//go:build linux

package trainwatch_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Most rows about disks have a recipient that is down as well: what cannot be
// delivered has to be kept somewhere.

func diskFaults() []fault {
	d := func(name, how string, run func(*row)) fault {
		return fault{kind: disk, name: name, how: how, warns: true, run: run}
	}
	despite := func(f fault) fault { f.despite = true; return f }
	silent := func(f fault) fault { f.warns = false; return f }
	return []fault{
		d("home cannot be made", "TRAINWATCH_HOME below /proc, recipient down", offline(func(r *row) func() {
			r.w.set("TRAINWATCH_HOME", "/proc/trainwatch")
			return nothing
		})),
		d("a file in home's place", "recipient down", offline(func(r *row) func() {
			r.must(os.WriteFile(r.w.state, nil, 0o600))
			return nothing
		})),
		d("home read-only", "tmpfs, mounted read-only, recipient down", offline(func(r *row) func() {
			r.mount("size=1m")
			r.must(unix.Mount("", r.w.state, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
			return nothing
		})),
		d("home full from the start", "tmpfs of 64 KiB with nothing free, recipient down", offline(func(r *row) func() {
			r.mount("size=64k")
			fillUp(filepath.Join(r.w.state, "ballast"))
			return nothing
		})),
		d("home without inodes", "tmpfs with nr_inodes=2, recipient down", offline(func(r *row) func() {
			r.mount("size=1m,nr_inodes=2")
			return nothing
		})),
		d("home of 1 MiB, more to tell than fits", "tmpfs of 1 MiB, 3,000 operations, recipient down", func(r *row) {
			r.mount("size=1m")
			r.server.Down()
			r.watch("-steps", "20", "-operations", "3000")
			r.ends(func() { r.must(r.server.Up()) })
			events := r.flushed()
			r.checkEvents(events, false)
			if n := len(named(events, "operation")); n != 3000 {
				r.t.Errorf("%d operations of 3000", n)
			}
		}),
		d("home removed during the run", "recursively, in the middle, recipient down", func(r *row) {
			r.server.Down()
			program := r.program("-steps", "0")
			r.compareHeld(program, func(p *process) {
				eventually(r.t, "events wait", func() bool { return r.w.waiting() >= 3 })
				// What is made in a directory meanwhile keeps it from going.
				eventually(r.t, "home is gone", func() bool { return os.RemoveAll(r.w.state) == nil })
			})
			r.ends(func() { r.must(r.server.Up()) })
			r.collect()
		}),
		despite(d("no disk takes anything", "home and every spare directory read-only", func(r *row) {
			r.mount("size=1m")
			r.must(unix.Mount("", r.w.state, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
			r.w.set("HOME", filepath.Join(r.w.state, "home"), "TMPDIR", filepath.Join(r.w.state, "tmp"))
			r.watch()
			r.ends(nothing)
			r.collect()
		})),
		despite(d("over quota", "EDQUOT for every pwrite(2), by seccomp", bySyscall(unix.EDQUOT))),
		despite(d("the disk is broken", "EIO for every pwrite(2), by seccomp", bySyscall(unix.EIO))),
		despite(d("no file may grow", "ulimit -f 0", underLimit("ulimit -f 0"))),
		despite(d("the disk hangs for the whole run", "every pwrite(2) and fsync(2) held by seccomp until the wrapper has returned", hangingDisk)),
		silent(d("traps in the spool", "pipes, links, directories, a sparse file of 1 GiB and another user's file, recipient down", offline(func(r *row) func() {
			r.setTraps()
			return nothing
		}))),
		silent(d("segments damaged at their ends", "half a frame and noise after each, recipient down", offline(func(r *row) func() {
			return func() { r.tear() }
		}))),
	}
}

func nothing() {}

// offline is a row in which the recipient is down as well, until the fault ends.
// trouble returns what is to happen between the run and the flush.
func offline(trouble func(*row) func()) func(*row) {
	return func(r *row) {
		r.server.Down()
		between := trouble(r)
		r.watch()
		r.ends(func() { r.must(r.server.Up()) })
		between()
		r.collect()
	}
}

// mount makes of home a file system of its own.
func (r *row) mount(options string) {
	r.t.Helper()
	r.must(os.MkdirAll(r.w.state, 0o700))
	r.must(unix.Mount("none", r.w.state, "tmpfs", 0, "mode=700,"+options))
	r.t.Cleanup(func() { _ = unix.Unmount(r.w.state, unix.MNT_DETACH) })
}

// fillUp writes until nothing more fits.
func fillUp(file string) {
	f, err := os.Create(file)
	if err != nil {
		return
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
}

// spoolDirs are where events wait for the recipient, once there are any.
func (r *row) spoolDirs() (dirs []string) {
	for _, root := range []string{r.w.state, filepath.Join(r.w.home, ".local/state/trainwatch"), r.w.tmp} {
		found, _ := filepath.Glob(filepath.Join(root, "spool", "*"))
		dirs = append(dirs, found...)
	}
	return dirs
}

// setTraps fills the spool with what is not ours.
func (r *row) setTraps() {
	r.watch() // so that there is one
	r.w.settle()
	dirs := r.spoolDirs()
	if len(dirs) != 1 {
		r.t.Fatalf("spools: %q", dirs)
	}
	trap := func(letter string) string { return filepath.Join(dirs[0], strings.Repeat(letter, 32)+".seg") }
	r.must(syscall.Mkfifo(trap("a"), 0o600))
	r.must(os.Symlink("/dev/zero", trap("b")))
	r.must(os.Symlink(r.w.home, trap("c")))
	r.must(os.Mkdir(trap("d"), 0o700))
	r.must(os.WriteFile(trap("e"), []byte("not a segment"), 0o600))
	r.must(os.WriteFile(trap("f"), nil, 0o600))
	r.must(os.Truncate(trap("f"), 1<<30))
	if os.Geteuid() == 0 {
		r.must(os.WriteFile(trap("0"), []byte("another user's"), 0o644))
		r.must(os.Chown(trap("0"), 12345, 12345))
	}
	// What was sent for the sake of the traps is not of this row's run.
	r.must(r.server.Up())
	for _, e := range r.flushed() {
		r.ignored = append(r.ignored, e.Text("run_id"))
	}
	r.server.Down()
}

// tear leaves behind each segment what a machine that died would: the beginning
// of a frame, and noise.
func (r *row) tear() {
	torn := 0
	for _, dir := range r.spoolDirs() {
		files, _ := filepath.Glob(filepath.Join(dir, "*.seg"))
		for _, file := range files {
			data, err := os.ReadFile(file)
			r.must(err)
			at := bytes.LastIndex(data, []byte("\xf5TW\xfa"))
			if at < 0 {
				continue
			}
			noise := make([]byte, 1000)
			_, _ = rand.Read(noise)
			data = append(append(data, data[at:at+50]...), noise...)
			r.must(os.WriteFile(file, data, 0o600))
			torn++
		}
	}
	if torn == 0 {
		r.t.Error("there was nothing to damage")
	}
}

// compareHeld runs a program that goes on until its input ends, with and without
// trainwatch; meanwhile happens in the middle of the watched one.
func (r *row) compareHeld(program []string, meanwhile func(*process)) {
	r.t.Helper()
	bare := newWorld(r.t).set("TRAINWATCH_DISABLED", "1").start(program[0], program[1:]...)
	bare.says("ready")
	p := r.w.trainwatch(append([]string{"run", "--quiet", "--"}, program...)...)
	p.says("ready")
	meanwhile(p)
	r.same(bare.finish(), p.finish())
}

// underLimit is a row whose processes all live under a limit of the shell's.
func underLimit(limit string) func(*row) {
	return func(r *row) {
		program := r.program()
		under := func(w *world, command ...string) result {
			return w.run("sh", append([]string{"-c", limit + `; exec "$@"`, "sh"}, command...)...)
		}
		bare := under(newWorld(r.t).set("TRAINWATCH_DISABLED", "1"), program...)
		r.same(bare, under(r.w, append([]string{programs.trainwatch, "run", "--quiet", "--"}, program...)...))
		r.ends(nothing)
		r.collect()
	}
}

// bySyscall is a row in which writing to a place in a file fails.
func bySyscall(errno unix.Errno) func(*row) {
	return func(r *row) {
		program := r.program()
		p := r.w.command(programs.trainwatch, append([]string{"run", "--quiet", "--"}, program...)...)
		r.filtered(p, fmt.Sprint("fail ", int(errno)))
		p.launch()
		r.same(r.bare(program), p.wait())
		r.ends(nothing)
		r.collect()
	}
}

// hangingDisk holds every write until the wrapper has returned.
func hangingDisk(r *row) {
	program := r.program()
	p := r.w.command(programs.trainwatch, append([]string{"run", "--quiet", "--"}, program...)...)
	held := r.filtered(p, "hold")
	p.launch()
	r.same(r.bare(program), p.wait())
	if n := held.release(); n == 0 {
		r.t.Error("nobody has written anything")
	}
	r.ends(nothing)
	r.collect()
}
