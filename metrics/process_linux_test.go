package metrics_test

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/metrics"
)

// helperVariable makes this test binary a process that waits to be killed.
const helperVariable = "METRICS_TEST_WAIT"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		time.Sleep(time.Hour)
	}
	os.Exit(m.Run())
}

// startTree starts a shell with so many children, each running command, and
// returns the shell's pid once they are all there.
func startTree(t testing.TB, children int, command string) int {
	t.Helper()
	return start(t, fmt.Sprintf("for i in $(seq %d); do %s & done; echo ready; read wait", children, command))
}

// start runs a shell script in a process group of its own, which is killed at
// the end, and returns its pid once it has printed a line.
func start(t testing.TB, script string) int {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = stdin.Close()
		_ = cmd.Wait() // killed
	})
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func watch(t testing.TB, root int) *metrics.RuntimeMetricsTracker {
	t.Helper()
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{Root: root})
	t.Cleanup(tracker.Close)
	return tracker
}

// until samples until the sample is as wanted.
func until(t *testing.T, tracker *metrics.RuntimeMetricsTracker, wanted func(metrics.Sample) bool) metrics.Sample {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		s := tracker.Sample()
		if wanted(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("not in 20 s; last: %+v", s)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestTreeOfRealProcesses(t *testing.T) {
	t.Parallel()
	tracker := watch(t, start(t, `
		sleep 1000 &
		(sleep 1000 & sleep 1000 & echo ready; wait) &
		read wait`))
	s := until(t, tracker, func(s metrics.Sample) bool { return s.Host.Processes == 5 })
	if !s.Host.RSS.OK || s.Host.RSS.Value < 1<<20 || s.Host.RSS.Value > 1<<30 {
		t.Errorf("RSS of two shells and three sleeps: %+v", s.Host.RSS)
	}
	if total := tracker.Totals(); !total.RSSPeak.OK || total.RSSPeak.Value < s.Host.RSS.Value {
		t.Errorf("peak %+v below %+v", total.RSSPeak, s.Host.RSS)
	}
	if !s.Host.MemUsed.OK || !s.Host.MemTotal.OK || s.Host.MemUsed.Value > s.Host.MemTotal.Value {
		t.Errorf("host memory: %+v of %+v", s.Host.MemUsed, s.Host.MemTotal)
	}
	if s.Cost <= 0 || s.Cost > time.Second {
		t.Errorf("cost: %v", s.Cost)
	}
}

// Each thread of a process has its own list of children.
func TestChildrenOfOtherThreads(t *testing.T) {
	t.Parallel()
	tracker := watch(t, os.Getpid())
	before := until(t, tracker, func(s metrics.Sample) bool { return s.Host.Processes > 0 }).Host.Processes
	release := make(chan struct{})
	defer close(release)
	pids := make(chan int)
	for range 8 {
		go func() {
			runtime.LockOSThread() // a thread of its own, which ends with the goroutine
			cmd := exec.Command("sleep", "1000")
			if err := cmd.Start(); err != nil {
				t.Error(err)
			}
			pids <- cmd.Process.Pid
			<-release
			_ = cmd.Process.Kill() // it may have been killed already
			_ = cmd.Wait()
		}()
	}
	for range 8 {
		<-pids
	}
	until(t, tracker, func(s metrics.Sample) bool { return s.Host.Processes >= before+8 })
}

// A process whose parent ends stays the program's.
func TestOrphansStay(t *testing.T) {
	t.Parallel()
	root := start(t, `
		sh -c 'sleep 1000 & echo ready; wait' &
		middle=$!
		wait $middle
		sleep 1000; true`)
	tracker := watch(t, root)
	until(t, tracker, func(s metrics.Sample) bool { return s.Host.Processes == 3 })
	middle := childOf(t, root)
	if err := syscall.Kill(middle, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// The shell goes on to another sleep; the first one belongs to init now.
	until(t, tracker, func(s metrics.Sample) bool { return s.Host.Processes == 3 && childOf(t, root) != middle })
}

func childOf(t *testing.T, pid int) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	child, _ := strconv.Atoi(strings.Fields(string(b) + " 0")[0]) // 0: none at the moment
	return child
}

// CPU use is that of the interval, not of the process's life.
func TestCPUIsOfTheInterval(t *testing.T) {
	t.Parallel()
	tracker := watch(t, start(t, "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo ready; read wait"))
	s := until(t, tracker, func(s metrics.Sample) bool { return s.Host.CPUPct.OK })
	if s.Host.CPUPct.Value > 20 {
		t.Errorf("a shell that waits uses %v %%", s.Host.CPUPct.Value)
	}
}

// What the tree is said to burn is what the kernel says it burnt.
func TestCPUAgreesWithTheKernel(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", `
		echo ready; read go
		for i in 1 2 3 4 5 6; do
			sh -c 'i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done'
			(i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done)
		done
		echo done; read end; true`)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	lines.Scan()
	tracker := watch(t, cmd.Process.Pid)
	began := time.Now()
	finished := make(chan struct{})
	if _, err := io.WriteString(stdin, "go\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		lines.Scan()
		close(finished)
	}()
	for waiting := true; waiting; {
		select {
		case <-finished:
			waiting = false
		case <-time.After(15 * time.Millisecond):
			tracker.Sample()
		}
	}
	end := time.Now()
	until(t, tracker, func(s metrics.Sample) bool { return s.At.Sub(end) > 200*time.Millisecond }) // the interval is over
	mean := tracker.Report().CPUPctMean
	burnt := mean.Value / 100 * time.Since(began).Seconds()
	_ = stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	kernel := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if !mean.OK || math.Abs(burnt-kernel) > 0.1*kernel+0.1 {
		t.Errorf("found %.2f s, the kernel %.2f s", burnt, kernel)
	}
}

func TestAProgramThatEnded(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "exit 3")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // exit status 3
	tracker := watch(t, cmd.Process.Pid)
	s := tracker.Sample()
	if s.Host.Processes != 0 || s.Host.RSS.OK || s.Host.CPUPct.OK {
		t.Errorf("a process that is none: %+v", s.Host)
	}
	if !s.Host.MemTotal.OK {
		t.Error("the host is still there")
	}
}

func TestExitedFreezes(t *testing.T) {
	t.Parallel()
	tracker := watch(t, start(t, "echo ready; read wait"))
	last := until(t, tracker, func(s metrics.Sample) bool { return s.Host.CPUPct.OK })
	tracker.Exited()
	total := tracker.Totals()
	if s := tracker.Sample(); s.Host != (metrics.Host{}) || s.At.IsZero() {
		t.Errorf("sample after the end: %+v", s)
	}
	if again := tracker.Totals(); again.Span != total.Span || again.Host.RSS != last.Host.RSS {
		t.Errorf("the run goes on: %v, %v; %+v, %+v", total.Span, again.Span, again.Host, last.Host)
	}
}

// A tick leaves nothing to the garbage collector, and no file open behind it.
func TestSteadySampleDoesNotAllocate(t *testing.T) {
	tracker := metrics.NewRuntimeMetricsTracker(metrics.Config{Root: startTree(t, 16, "sleep 1000")})
	open := openFiles(t)
	tracker.Sample()
	if n := testing.AllocsPerRun(20, func() { tracker.Sample() }); n > 2 {
		t.Errorf("%v allocations a sample", n)
	}
	tracker.Close()
	if left := openFiles(t); left >= open {
		t.Errorf("%d files open, %d before Close", left, open)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// A process that has ended and that nobody has reaped yet has no memory, which
// is not to say that it has 0 bytes.
func TestAZombieHasNoFigures(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	t.Cleanup(func() { _ = cmd.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("no zombie: %v, %s", err, stat)
		}
		if strings.Contains(string(stat), ") Z ") {
			break
		}
	}
	tracker := watch(t, pid)
	if s := tracker.Sample(); s.Host.RSS.OK {
		t.Errorf("RSS %+v", s.Host.RSS)
	}
	if total := tracker.Totals(); total.RSSPeak.OK {
		t.Errorf("peak %+v", total.RSSPeak)
	}
}
