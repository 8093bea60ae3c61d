package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// BenchmarkMemory is what the two processes beside a program hold ten seconds
// after its start, one that is idle and one that takes 100,000 steps a second,
// while everything there is to send is sent each second. Goals: shim-private
// 4 MiB, monitor 40 MiB. The monitor's share of a processor stands beside.
func BenchmarkMemory(b *testing.B) {
	for _, rate := range []int{0, 100_000} {
		b.Run(fmt.Sprintf("steps=%d", rate), func(b *testing.B) {
			s := capture.Start(b)
			p := newPlace(b, append(sending(s, "phc_bench"), "TRAINWATCH_REPORT_INTERVAL=1s")...)
			for b.Loop() {
				p.weigh(rate)
			}
			b.ReportMetric(0, "ns/op")
			if len(s.Events()) == 0 {
				b.Error("nothing was sent")
			}
		})
	}
}

// weigh runs a program at so many steps a second and reports what is beside it.
func (p *place) weigh(rate int) {
	cmd := p.command(watched(programs.loop, "-rate", strconv.Itoa(rate), "-for", "10s", "-hold")...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		p.b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.b.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	if line, err := lines.ReadString('\n'); line != "ready\n" {
		p.b.Fatalf("the program said %q: %v", line, err)
	}
	monitors := p.monitors()
	if len(monitors) != 1 {
		p.b.Fatalf("%d monitors", len(monitors))
	}
	shim, monitor := memoryOf(p.b, cmd.Process.Pid), memoryOf(p.b, monitors[0])
	p.b.ReportMetric(shim.private, "shim-private-MiB")
	p.b.ReportMetric(shim.resident, "shim-MiB")
	p.b.ReportMetric(monitor.private, "monitor-private-MiB")
	p.b.ReportMetric(monitor.resident, "monitor-MiB")
	p.b.ReportMetric(processorOf(p.b, monitors[0])/10*100, "monitor-cpu-%")

	_ = stdin.Close()
	var steps int
	if _, err := fmt.Fscanf(lines, "steps %d\n", &steps); err != nil || steps < 9*rate {
		p.b.Errorf("%d steps at %d a second: %v", steps, rate, err)
	}
	if _, err := lines.ReadString('\n'); err != nil {
		p.b.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		p.b.Error(err)
	}
}

// memory is what a process holds, MiB: resident at all, and of that what nobody
// shares with it.
type memory struct{ resident, private float64 }

func memoryOf(b *testing.B, pid int) (m memory) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		name, rest, _ := bytes.Cut(line, []byte(":"))
		fields := bytes.Fields(rest)
		if len(fields) != 2 || string(fields[1]) != "kB" {
			continue
		}
		kibibytes, err := strconv.ParseFloat(string(fields[0]), 64)
		if err != nil {
			b.Fatalf("smaps_rollup: %q", line)
		}
		switch string(name) {
		case "Rss":
			m.resident = kibibytes / 1024
		case "Private_Clean", "Private_Dirty":
			m.private += kibibytes / 1024
		}
	}
	if m.resident == 0 || m.private == 0 {
		b.Fatalf("smaps_rollup of %d: %s", pid, data)
	}
	return m
}

// processorOf returns the processor time that a process's threads have taken,
// seconds.
func processorOf(b *testing.B, pid int) (total float64) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, t := range threads {
		data, err := os.ReadFile(dir + "/" + t.Name() + "/schedstat")
		if err != nil {
			continue // it has ended
		}
		var nanoseconds int64
		if _, err := fmt.Sscan(string(data), &nanoseconds); err != nil {
			b.Fatalf("schedstat: %q", data)
		}
		total += float64(nanoseconds) / 1e9
	}
	return total
}
