package metrics

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEachNumberListsThreads(t *testing.T) {
	fd := open(unix.AT_FDCWD, "/proc/self/task", unix.O_DIRECTORY)
	defer unix.Close(fd)
	buf := make([]byte, 8192)
	n, err := unix.ReadDirent(fd, buf)
	if err != nil {
		t.Fatal(err)
	}
	var tids []int
	eachNumber(buf[:n], func(tid int) { tids = append(tids, tid) })
	if !slices.Contains(tids, unix.Getpid()) || !slices.IsSorted(tids) {
		t.Errorf("threads of this process: %v", tids)
	}
}

func FuzzEachNumber(f *testing.F) {
	f.Add(make([]byte, 40))
	f.Add([]byte{16: 24, 19: '1', 23: 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		eachNumber(b, func(n int) {
			if n <= 0 {
				t.Errorf("%d", n)
			}
		})
	})
}

func TestBurnt(t *testing.T) {
	at := func(pid, parent int, before, now [2]uint64, known bool) *process {
		return &process{
			pid: pid, parent: parent, known: known, start: 1000,
			before: statFields{cpu: before[0], reaped: before[1]}, stat: statFields{cpu: now[0], reaped: now[1]},
		}
	}
	none := [2]uint64{}
	tests := []struct {
		name        string
		alive, gone []*process
		since       uint64
		want        uint64
	}{
		{"own time", []*process{at(1, 0, [2]uint64{10, 5}, [2]uint64{14, 5}, true)}, nil, 0, 4},
		{"born since", []*process{at(2, 1, none, [2]uint64{7, 2}, false)}, nil, 900, 9},
		{"older but new to us", []*process{at(2, 1, none, [2]uint64{7, 2}, false)}, nil, 1001, 0},
		{
			"a child seen at 20 was reaped at 23",
			[]*process{at(1, 0, [2]uint64{10, 5}, [2]uint64{11, 28}, true)},
			[]*process{at(2, 1, [2]uint64{15, 5}, none, true)},
			0, 1 + 3,
		},
		{"a child that was never seen", []*process{at(1, 0, [2]uint64{10, 5}, [2]uint64{10, 9}, true)}, nil, 0, 4},
		{
			"a parent that ignores SIGCHLD",
			[]*process{at(1, 0, [2]uint64{10, 5}, [2]uint64{12, 5}, true)},
			[]*process{at(2, 1, [2]uint64{15, 5}, none, true)},
			0, 2,
		},
		{
			"child and grandchild went together",
			[]*process{at(1, 0, none, [2]uint64{0, 50}, true)},
			[]*process{at(2, 1, [2]uint64{10, 0}, none, true), at(3, 2, [2]uint64{30, 0}, none, true)},
			0, 10,
		},
		{
			"parents in a circle",
			[]*process{at(1, 0, none, [2]uint64{3, 0}, true)},
			[]*process{at(2, 3, [2]uint64{10, 0}, none, true), at(3, 2, [2]uint64{30, 0}, none, true)},
			0, 3,
		},
		{"a clock that went back", []*process{at(1, 0, [2]uint64{10, 5}, [2]uint64{9, 4}, true)}, nil, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			alive, gone := map[int]*process{}, map[int]*process{}
			for _, p := range tt.alive {
				alive[p.pid] = p
			}
			for _, p := range tt.gone {
				gone[p.pid] = p
			}
			if got := burnt(alive, gone, tt.since); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// Without a descriptor to spare the tree is the same, read anew each time.
func TestTreeWithoutDescriptors(t *testing.T) {
	cmd := exec.Command("sh", "-c", "sleep 1000 & sleep 1000 & echo ready; wait")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait() // killed
	}()
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	tr := newTree("/proc", cmd.Process.Pid)
	defer tr.close()
	for _, budget := range []int{0, 2, 100, 0} {
		tr.budget = budget
		for range 3 {
			if s := tr.read(); s.processes != 3 || tr.budget < 0 {
				t.Fatalf("with %d descriptors: %d processes, %d descriptors left", budget, s.processes, tr.budget)
			}
		}
	}
	if s := tr.read(); !s.cpu.OK || s.cpu.Value > userHZ {
		t.Errorf("processes that wait: %+v", s.cpu)
	}
	if p := tr.peakRSS(); !p.OK || p.Value < 100<<10 {
		t.Errorf("peak %+v", p)
	}
}

// The pid of a root that ended may be given to somebody else's process.
func TestTreeRootWhosePidIsReused(t *testing.T) {
	proc := t.TempDir()
	write := func(start string) {
		dir := filepath.Join(proc, "100/task/100")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		stat := strings.Replace(realStat, " 987654 ", " "+start+" ", 1)
		for name, content := range map[string]string{"../../stat": stat, "children": ""} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, budget := range []int{0, 100} {
		write("1000")
		tr := newTree(proc, 100)
		tr.budget = budget
		if s := tr.read(); s.processes != 1 {
			t.Fatalf("%d processes", s.processes)
		}
		write("2000")
		for range 2 {
			if s := tr.read(); s.processes != 0 || s.rss.OK || s.cpu.OK {
				t.Errorf("another process was taken for the program: %+v", s)
			}
		}
		if tr.budget != budget {
			t.Errorf("%d descriptors are kept for nothing", budget-tr.budget)
		}
	}
}

// A children file may be longer than one read.
func TestReadChildrenInParts(t *testing.T) {
	var text strings.Builder
	var want []int
	for pid := 1; pid < 5000; pid++ {
		fmt.Fprintf(&text, "%d ", pid)
		want = append(want, pid)
	}
	name := filepath.Join(t.TempDir(), "children")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	fd := open(unix.AT_FDCWD, name, 0)
	defer unix.Close(fd)
	for _, size := range []int{8, 61, 4096, 1 << 20} {
		if got := readChildren(nil, fd, make([]byte, size)); !slices.Equal(got, want) {
			t.Errorf("%d bytes at a time: %d pids, want %d", size, len(got), len(want))
		}
	}
}
