package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/callbacks/python"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// BenchmarkPython is what a start of Python takes more: in the first process of
// a run, which compiles our files, in all later ones, and in a process that
// reports a step. And what a whole `run` of an empty program does.
func BenchmarkPython(b *testing.B) {
	// What is called python3 may be a script that looks for one.
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		b.Fatal(err)
	}
	interpreter := strings.TrimSpace(string(out))
	empty := []string{interpreter, "-c", "pass"}
	step := []string{interpreter, "-c", "import trainwatch; trainwatch.step(loss=1.0)"}
	bare := func(p *place) func() float64 {
		return func() float64 { return milliseconds(p.time(empty...)) }
	}
	b.Run("first", func(b *testing.B) {
		p := newPlace(b)
		inTurns(b, bare(p), func() float64 { return milliseconds(p.injected().time(empty...)) }).over(b)
	})
	b.Run("later", func(b *testing.B) {
		p := newPlace(b)
		injected := p.injected()
		inTurns(b, bare(p), func() float64 { return milliseconds(injected.time(empty...)) }).over(b)
	})
	b.Run("with a step", func(b *testing.B) {
		p := newPlace(b)
		injected := p.injected()
		inTurns(b, bare(p), func() float64 { return milliseconds(injected.time(step...)) }).over(b)
		if pages, _ := filepath.Glob(injected.pageDir + "/*.page"); len(pages) == 0 {
			b.Error("no process has written a page")
		}
	})
	b.Run("run", func(b *testing.B) {
		p := newPlace(b)
		inTurns(b, bare(p), func() float64 {
			took := p.time(watched(empty...)...)
			p.settle()
			return milliseconds(took)
		}).over(b)
	})
}

// injected is p as `run` makes it for a Python program: this process stands for
// the wrapper.
func (p *place) injected() *place {
	pages, err := os.MkdirTemp("/dev/shm", "trainwatch-bench-")
	if err != nil {
		p.b.Fatal(err)
	}
	p.b.Cleanup(func() { os.RemoveAll(pages) })
	dir := filepath.Join(pages, "python")
	if err := python.Install(dir); err != nil {
		p.b.Fatal(err)
	}
	parent, err := settings.NewParent("/proc", os.Getpid())
	if err != nil {
		p.b.Fatal(err)
	}
	inside := p.with(settings.PageDirVariable+"="+pages, settings.ParentVariable+"="+parent.String(),
		"PYTHONPATH="+python.Path("", false, dir))
	inside.pageDir = pages
	return inside
}
