package monitor_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/steps"
)

// processes are those of a wrapped program, as the monitor finds them: pages in
// a directory in memory, and a procfs of the test's own.
type processes struct {
	*testing.T
	dir, proc string
	pages     *monitor.Pages
	now       time.Time
	told      uint64
}

func newProcesses(t *testing.T) *processes {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "pages-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &processes{T: t, dir: dir, proc: t.TempDir(), now: time.Now()}
	p.pages = monitor.Directory(dir, p.proc, true)
	return p
}

// process is one of them.
type process struct {
	*steps.Writer
	p    *processes
	page *steps.Page
	pid  int
}

// unranked are the ranks of a process that was told none.
var unranked = [3]int{-1, -1, -1}

// start makes a process with a page. Its ranks are its own, the world's size and
// the one on its node.
func (p *processes) start(pid int, ranks [3]int) *process {
	p.Helper()
	p.alive(pid, 'S', pid*100)
	page, err := steps.Create(p.dir, steps.Identity{
		PID: pid, StartTime: uint64(pid * 100), Rank: ranks[0], WorldSize: ranks[1], LocalRank: ranks[2], Source: steps.SourcePython,
	})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() { page.Close() })
	return &process{Writer: page.Writer(), p: p, page: page, pid: pid}
}

// alive writes what procfs says of a process.
func (p *processes) alive(pid int, state byte, start int) {
	p.Helper()
	dir := filepath.Join(p.proc, strconv.Itoa(pid))
	stat := fmt.Sprintf("%d (a ) b) %c 1%s %d 0\n", pid, state, strings.Repeat(" 0", 17), start)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "stat"), []byte(stat), 0o600); err != nil {
		p.Fatal(err)
	}
}

func (p *process) end() { os.RemoveAll(filepath.Join(p.p.proc, strconv.Itoa(p.pid))) }

func (p *process) steps(numbers ...int64) *process {
	for _, n := range numbers {
		p.Step(steps.StepData{Step: n})
	}
	return p
}

// wants drains after a while and compares the steps' numbers.
func (p *processes) wants(after time.Duration, numbers ...int64) {
	p.Helper()
	p.now = p.now.Add(after)
	got, told := p.pages.DrainAt(p.now, false)
	p.told += told
	equal(p.T, "steps", append([]int64{}, got...), append([]int64{}, numbers...))
}

func (p *processes) wantsLast(numbers ...int64) {
	p.Helper()
	got, told := p.pages.DrainAt(p.now, true)
	p.told += told
	equal(p.T, "steps at the end", append([]int64{}, got...), append([]int64{}, numbers...))
}

func TestStepsOfSeveralRanksCountOnce(t *testing.T) {
	p := newProcesses(t)
	second := p.start(11, [3]int{1, 2, 1}).steps(1, 2)
	p.wants(time.Second)
	first := p.start(10, [3]int{0, 2, 0}).steps(1)
	p.wants(time.Second, 1)
	first.steps(2, 3)
	second.steps(3)
	p.wants(time.Second, 2, 3)
	p.wantsLast()
	equal(t, "steps in all", p.told, 3)
}

func TestAHigherRankIsBetterThanNone(t *testing.T) {
	p := newProcesses(t)
	third := p.start(12, [3]int{2, 3, 2}).steps(1)
	second := p.start(11, [3]int{1, 3, 1}).steps(1, 2)
	p.wants(time.Second)
	p.wants(29 * time.Second)
	p.wants(2*time.Second, 1, 2)
	p.start(10, [3]int{0, 3, 0}).steps(1, 2, 3) // now it is too late
	second.steps(3)
	third.steps(2)
	p.wants(time.Second, 3)
	equal(t, "steps in all", p.told, 3)
}

func TestAtTheEndNobodyIsWaitedFor(t *testing.T) {
	p := newProcesses(t)
	p.start(11, [3]int{1, 2, 1}).steps(1, 2)
	p.wants(time.Second)
	p.wantsLast(1, 2)
}

func TestTheFirstOfItsNodeIsNotWaitedWith(t *testing.T) {
	p := newProcesses(t)
	p.start(12, [3]int{9, 16, 1}).steps(7)
	p.start(11, [3]int{8, 16, 0}).steps(1, 2)
	p.wants(time.Second, 1, 2)
}

func TestOfThoseWithoutRankTheFirstToStepCounts(t *testing.T) {
	p := newProcesses(t)
	made := p.start(10, unranked)
	first := p.start(11, unranked).steps(1)
	made.steps(1)
	p.wants(time.Second, 1)
	made.steps(2, 3)
	first.steps(2)
	p.wants(time.Second, 2)
	first.end()
	made.steps(4)
	p.wants(time.Second) // it ran beside the run's, so it does not follow it
	equal(t, "steps in all", p.told, 2)
}

func TestAProcessMayFollowAnother(t *testing.T) {
	p := newProcesses(t)
	one := p.start(10, unranked).steps(1, 2)
	p.wants(time.Second, 1, 2)
	two := p.start(11, unranked).steps(1)
	p.wants(time.Second) // it is a helper, as far as anybody knows
	one.end()
	p.wants(time.Second, 1)
	two.steps(2).end()
	p.start(12, unranked).steps(1).end()
	p.start(13, unranked).steps(1, 2).end()
	p.wants(time.Second, 2, 1, 1, 2) // what came between two looks is not lost
	equal(t, "steps in all", p.told, 7)
}

func TestLastWordsAreHeard(t *testing.T) {
	p := newProcesses(t)
	one := p.start(10, unranked).steps(1)
	p.wants(time.Second, 1)
	one.steps(2, 3).end()
	p.start(11, unranked).steps(1)
	p.wantsLast(2, 3, 1)
}

func TestAProcessMayReplaceItself(t *testing.T) {
	p := newProcesses(t)
	p.start(10, [3]int{0, 2, 0}).steps(1, 2)
	p.wants(time.Second, 1, 2)
	p.start(10, [3]int{0, 2, 0}).steps(1) // by exec: the process is the same, the page another
	p.wants(time.Second, 1)
	equal(t, "steps in all", p.told, 3)
}

func TestARestartedWorkerFollows(t *testing.T) {
	p := newProcesses(t)
	one := p.start(10, [3]int{0, 2, 0}).steps(1)
	other := p.start(11, [3]int{1, 2, 1}).steps(1)
	p.wants(time.Second, 1)
	one.end()
	other.end()
	p.start(21, [3]int{1, 2, 1}).steps(1)
	p.wants(time.Second)
	p.start(20, [3]int{0, 2, 0}).steps(1, 2)
	p.wants(time.Second, 1, 2)
}

func TestALauncherGivesWay(t *testing.T) {
	p := newProcesses(t)
	p.start(10, unranked).Begin(100, 0)
	p.wants(time.Second)
	worker := p.start(11, unranked)
	worker.Begin(100, 0)
	p.wants(time.Second)
	worker.steps(1)
	p.wants(time.Second, 1)
}

func TestWhoPreparedGivesWayToARank(t *testing.T) {
	p := newProcesses(t)
	p.start(10, unranked).steps(1, 2) // and goes on, waiting for its workers
	p.wants(time.Second, 1, 2)
	p.start(11, [3]int{0, 1, 0}).steps(1)
	p.wants(time.Second, 1)
}

func TestAZombieIsOver(t *testing.T) {
	p := newProcesses(t)
	p.start(10, unranked).steps(1)
	p.wants(time.Second, 1)
	p.alive(10, 'Z', 1000)
	p.start(11, unranked).steps(1)
	p.wants(time.Second, 1)
}

func TestAPidThatIsAnothersIsOver(t *testing.T) {
	p := newProcesses(t)
	p.start(10, unranked).steps(1)
	p.wants(time.Second, 1)
	p.alive(10, 'S', 77)
	p.start(11, unranked).steps(1)
	p.wants(time.Second, 1)
}

// TestRecordsWaitToBeChosen: looking at a page must not use it up.
func TestRecordsWaitToBeChosen(t *testing.T) {
	p := newProcesses(t)
	one := p.start(11, [3]int{1, 2, 1})
	for n := range int64(500) {
		one.steps(n + 1)
		if n%100 == 0 {
			p.wants(time.Second)
		}
	}
	got, told := p.pages.DrainAt(p.now, true)
	equal(t, "records", len(got), 500)
	equal(t, "told", told, 500)
}

func TestWhatIsNoPage(t *testing.T) {
	p := newProcesses(t)
	in := func(name string) string { return filepath.Join(p.dir, name) }
	good := p.start(10, unranked)
	if err := syscall.Mkfifo(in("11-0.page"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Symlink(good.page.Path(), in("12-0.page")),
		os.Link(good.page.Path(), in("13-0.page")), // says it is of another process
		os.WriteFile(in("14-0.page"), make([]byte, steps.PageSize), 0o600),
		os.WriteFile(in("15-0.page"), nil, 0o600),
		os.WriteFile(in("x.page"), nil, 0o600),
		os.Mkdir(in("16-0.page"), 0o700),
		os.Symlink("/dev/zero", in("17-0.page")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	p.wants(time.Second)
	good.steps(1)
	p.wants(time.Second, 1)
	if err := os.Truncate(good.page.Path(), 100); err != nil {
		t.Fatal(err)
	}
	p.wants(time.Second)
	p.start(20, unranked).steps(5)
	p.wants(time.Second, 5)
	os.RemoveAll(p.dir)
	p.wants(time.Second)
}

// TestPagesOfProcessesThatAreOverDoNotPileUp: a memory filesystem is memory.
func TestPagesOfProcessesThatAreOverDoNotPileUp(t *testing.T) {
	p := newProcesses(t)
	left := func() int {
		entries, err := os.ReadDir(p.dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	for i := range 60 {
		one := p.start(100+i, unranked)
		if i%2 == 0 {
			one.steps(1)
		}
		one.page.Close()
		one.end()
		p.pages.DrainAt(p.now.Add(time.Duration(i)*10*time.Second), false)
	}
	if n := left(); n > 20 {
		t.Errorf("%d pages are left", n)
	}
	others := monitor.Directory(p.dir, p.proc, false)
	before := left()
	for i := range 10 {
		others.DrainAt(p.now.Add(time.Duration(i)*10*time.Second), false)
	}
	equal(t, "pages that are not ours to remove", left(), before)
}

func TestNoDirectory(t *testing.T) {
	for _, dir := range []string{"", "/nonexistent"} {
		if got, told := monitor.Directory(dir, "/proc", true).DrainAt(time.Now(), true); len(got) > 0 || told > 0 {
			t.Errorf("%q: %v", dir, got)
		}
	}
}

func TestPythonsVersionIsFoundOut(t *testing.T) {
	for _, c := range []struct {
		name  string
		first time.Duration // the page comes with the first step
		event any
	}{{"in time", time.Second, "3.11.7"}, {"late", 5 * time.Second, nil}} {
		bubble(c.name, t, func(t *testing.T) {
			p := newProcesses(t)
			r := watch(t, func(c *monitor.Config) { c.Pages = monitor.Directory(p.dir, p.proc, true) })
			time.Sleep(c.first)
			page, err := steps.Create(p.dir, steps.Identity{
				PID: 10, Rank: -1, WorldSize: -1, LocalRank: -1, Source: steps.SourcePython, Runtime: 3<<16 | 11<<8 | 7,
			})
			if err != nil {
				t.Fatal(err)
			}
			defer page.Close()
			r.Writer = page.Writer()
			r.step(1, 0)
			time.Sleep(10 * time.Second)
			r.finish()
			equal(t, "events", names(r.events()), []string{"system_info", "train_start", "train_progress", "train_end"})
			equal(t, "in system_info", r.named("system_info")[0].Properties["python_version"], c.event)
			equal(t, "framework", r.named("train_start")[0].Properties["framework"], any("python"))
			equal(t, "in the record", r.found().Meta.System["python_version"], any("3.11.7"))
		})
	}
}
