package steps_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// memoryDir returns a directory on a memory filesystem, which the test's own
// temporary directory seldom is.
func memoryDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "steps-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestCreateAndRead(t *testing.T) {
	dir := memoryDir(t)
	id := steps.Self()
	id.Rank, id.WorldSize, id.LocalRank = 3, 8, 1
	p, err := steps.Create(dir, id)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if want := filepath.Join(dir, strconv.Itoa(os.Getpid())+"-0.page"); p.Path() != want {
		t.Errorf("path %q, want %q", p.Path(), want)
	}
	var st syscall.Stat_t
	if err := syscall.Stat(p.Path(), &st); err != nil {
		t.Fatal(err)
	}
	if st.Mode&0o777 != 0o600 || st.Size != steps.PageSize {
		t.Errorf("mode %o, %d bytes", st.Mode, st.Size)
	}
	if st.Blocks*512 < steps.PageSize {
		t.Errorf("%d bytes allocated: a store could kill the program", st.Blocks*512)
	}
	r, err := steps.OpenReader(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w := p.Writer()
	w.Begin(10, 1)
	w.Step(step(1))
	for range 2 { // the second time there is nothing new
		d, err := r.Drain()
		if err != nil {
			t.Fatal(err)
		}
		h := d.Header
		if h.PID != os.Getpid() || h.StartTime != id.StartTime || h.StartTime == 0 || h.Rank != 3 || h.WorldSize != 8 ||
			h.LocalRank != 1 || h.Source != steps.SourceGo || h.Runtime != id.Runtime || h.Runtime == 0 {
			t.Errorf("identity %+v", h)
		}
		if h.Steps != 1 || h.BaseMonotonic <= 0 || h.Base.IsZero() {
			t.Errorf("steps %d, base %v and %v", h.Steps, h.Base, h.BaseMonotonic)
		}
	}
	w.Step(step(2))
	d, err := r.Drain()
	if err != nil || len(d.Records) != 1 || d.Records[0].Took < 0 {
		t.Errorf("%v, records %+v", err, d.Records)
	}
}

// A process that replaces itself keeps its pid: its pages stand side by side.
func TestCreateAgain(t *testing.T) {
	dir := memoryDir(t)
	if err := os.WriteFile(filepath.Join(dir, ".7-1.tmp"), nil, 0o600); err != nil {
		t.Fatal(err) // what a process that was killed half-way leaves
	}
	for _, want := range []string{"7-0.page", "7-2.page", "7-3.page"} {
		p, err := steps.Create(dir, steps.Identity{PID: 7})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if filepath.Base(p.Path()) != want {
			t.Errorf("page %s, want %s", p.Path(), want)
		}
	}
	var err error
	for range 64 {
		var p *steps.Page
		if p, err = steps.Create(dir, steps.Identity{PID: 7}); err != nil {
			break
		}
		p.Close()
	}
	if err == nil {
		t.Error("no bound on the pages of a pid")
	}
}

func TestCreateRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, dir string
		want      error
	}{
		{"not on memory", "/proc/self", steps.ErrNotMemory},
		{"missing", filepath.Join(t.TempDir(), "missing"), os.ErrNotExist},
		{"a file", file, syscall.ENOTDIR},
		{"no name", "", os.ErrNotExist},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := steps.Create(tt.dir, steps.Self())
			if !errors.Is(err, tt.want) || p != nil {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// Close comes from the goroutine that shuts down, the next step from the loop:
// it must find memory at the page's address, whichever is first.
func TestWriterOutlivesClose(t *testing.T) {
	p, err := steps.Create(memoryDir(t), steps.Self())
	if err != nil {
		t.Fatal(err)
	}
	w := p.Writer()
	w.Step(step(1))
	for range 2 {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(2 * steps.Records) {
		w.Step(step(i))
	}
	r, err := steps.OpenReader(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if d, err := r.Drain(); err != nil || d.Header.Steps != 1 {
		t.Errorf("%v, %d steps in the file, want the one before Close", err, d.Header.Steps)
	}
}

func TestOpenReaderRefuses(t *testing.T) {
	dir := memoryDir(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	good, err := steps.Create(dir, steps.Self())
	if err != nil {
		t.Fatal(err)
	}
	defer good.Close()
	content, err := os.ReadFile(good.Path())
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		if err := os.WriteFile(at(name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	changed := func(name string, offset int, b byte) string {
		c := append([]byte(nil), content...)
		c[offset] = b
		return write(name, c)
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(syscall.Mkfifo(at("fifo"), 0o600))
	must(os.Symlink(good.Path(), at("link")))
	must(os.Mkdir(at("dir"), 0o700))
	for _, tt := range []struct {
		name, path string
		want       error
	}{
		{"fifo", at("fifo"), steps.ErrMalformed},
		{"symbolic link", at("link"), steps.ErrMalformed},
		{"directory", at("dir"), steps.ErrMalformed},
		{"device", "/dev/zero", steps.ErrMalformed},
		{"missing", at("missing"), os.ErrNotExist},
		{"empty", write("empty", nil), steps.ErrMalformed},
		{"short", write("short", content[:steps.PageSize-1]), steps.ErrMalformed},
		{"long", write("long", append(content, 0)), steps.ErrMalformed},
		{"zeros", write("zeros", make([]byte, steps.PageSize)), steps.ErrMalformed},
		{"another magic", changed("magic", 0, 't'), steps.ErrMalformed},
		{"another version", changed("version", 8, 2), steps.ErrMalformed},
		{"another header size", changed("header", 13, 0x10), steps.ErrMalformed},
		{"another record size", changed("record", 16, 128), steps.ErrMalformed},
		{"another record count", changed("count", 20, 1), steps.ErrMalformed},
		{"a head beyond reason", changed("head", 128+7, 0x7f), steps.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := steps.OpenReader(tt.path)
			if !errors.Is(err, tt.want) || r != nil {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// A mapping would kill the reader here.
func TestFileCutShortWhileRead(t *testing.T) {
	p, err := steps.Create(memoryDir(t), steps.Self())
	if err != nil {
		t.Fatal(err)
	}
	p.Writer().Step(step(1))
	r, err := steps.OpenReader(p.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := os.Truncate(p.Path(), steps.HeaderSize+1); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Drain(); !errors.Is(err, steps.ErrMalformed) {
		t.Errorf("Drain: %v, want ErrMalformed", err)
	}
}

// Another user's file cannot be made without being root, so only the decision
// is tested.
func TestOwner(t *testing.T) {
	me := uint32(os.Geteuid())
	for _, tt := range []struct {
		name string
		uid  uint32
		ok   bool
	}{{"own", me, true}, {"another's", me + 1, false}} {
		t.Run(tt.name, func(t *testing.T) {
			if err := steps.Acceptable(syscall.S_IFREG|0o600, tt.uid, steps.PageSize); (err == nil) != tt.ok {
				t.Error(err)
			}
		})
	}
}
