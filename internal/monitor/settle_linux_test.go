package monitor_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/rank"
)

var torchrunOnTwoNodes = rank.Info{Rank: -1, World: 4, LocalRank: -1, LocalWorld: 2, Nodes: 2, Launcher: "torchrun"}

// environ writes a process's environment and children into the test's procfs.
func (p *processes) environ(pid int, variables string, children ...int) {
	p.Helper()
	dir := filepath.Join(p.proc, strconv.Itoa(pid))
	task := filepath.Join(dir, "task", strconv.Itoa(pid))
	var list []string
	for _, child := range children {
		list = append(list, strconv.Itoa(child))
	}
	for _, err := range []error{
		os.MkdirAll(task, 0o700),
		os.WriteFile(filepath.Join(dir, "environ"), []byte(strings.ReplaceAll(variables, " ", "\x00")+"\x00"), 0o600),
		os.WriteFile(filepath.Join(task, "children"), []byte(strings.Join(list, " ")+" "), 0o600),
	} {
		if err != nil {
			p.Fatal(err)
		}
	}
}

func TestWhoSendsOfSeveralNodes(t *testing.T) {
	for _, c := range []struct {
		name string
		told rank.Info
		see  func(*processes)
		want rank.Verdict
		rank int
	}{
		{"told at the start", rank.Info{Verdict: rank.Sender, Rank: 0}, func(*processes) {}, rank.Sender, 0},
		{"nothing to see", torchrunOnTwoNodes, func(*processes) {}, rank.Unknown, -1},
		{"a page of the first node", torchrunOnTwoNodes, func(p *processes) { p.start(11, [3]int{0, 4, 0}).steps(1) }, rank.Sender, 0},
		{"a page of the second node", torchrunOnTwoNodes, func(p *processes) { p.start(11, [3]int{2, 4, 0}).steps(1) }, rank.Silent, 2},
		{"a page that is not its node's first", torchrunOnTwoNodes, func(p *processes) { p.start(12, [3]int{1, 4, 1}).steps(1) }, rank.Unknown, -1},
		{"a page without rank", torchrunOnTwoNodes, func(p *processes) { p.start(12, unranked).steps(1) }, rank.Unknown, -1},
		{"processes of the first node", torchrunOnTwoNodes, func(p *processes) {
			p.environ(10, "HOME=/", 11, 12)
			p.environ(11, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=4")
			p.environ(12, "RANK=1 LOCAL_RANK=1 WORLD_SIZE=4")
		}, rank.Sender, 0},
		{"processes of the second node", torchrunOnTwoNodes, func(p *processes) {
			p.environ(10, "HOME=/", 9)
			p.environ(9, "HOME=/", 12, 11)
			p.environ(12, "RANK=3 LOCAL_RANK=1 WORLD_SIZE=4")
			p.environ(11, "RANK=2 LOCAL_RANK=0 WORLD_SIZE=4")
		}, rank.Silent, 2},
		{"processes that are not their node's first", torchrunOnTwoNodes, func(p *processes) {
			p.environ(10, "HOME=/", 12)
			p.environ(12, "RANK=3 LOCAL_RANK=1 WORLD_SIZE=4")
		}, rank.Unknown, -1},
		{"what the launcher itself was told", torchrunOnTwoNodes, func(p *processes) {
			p.environ(10, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=2", 11)
			p.environ(11, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=2")
		}, rank.Unknown, -1},
		{"processes in a circle", torchrunOnTwoNodes, func(p *processes) {
			p.environ(10, "HOME=/", 11, 10)
			p.environ(11, "HOME=/", 10)
		}, rank.Unknown, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProcesses(t)
			c.see(p)
			p.pages.DrainAt(p.now, false)
			settle := monitor.Settle(c.told, 10, p.proc, func() time.Time { return p.now })
			for range 2 { // and it stays so
				if got := settle(p.pages); got.Verdict != c.want || got.Rank != c.rank || got.Launcher != c.told.Launcher {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}

// TestAloneUntilShownOtherwise: a script may start a launcher, which makes of
// the wrapper around it one of several.
func TestAloneUntilShownOtherwise(t *testing.T) {
	p := newProcesses(t)
	told := rank.Detect(func(string) (string, bool) { return "", false })
	settle := monitor.Settle(told, 10, p.proc, func() time.Time { return p.now })
	expect := func(when string, verdict rank.Verdict, at, world int) {
		t.Helper()
		p.now = p.now.Add(time.Hour)
		p.pages.DrainAt(p.now, false)
		if got := settle(p.pages); got.Verdict != verdict || got.Rank != at || got.World != world {
			t.Errorf("%s: %+v", when, got)
		}
	}
	p.environ(10, "HOME=/", 11)
	p.environ(11, "RANK=1 LOCAL_RANK=0 WORLD_SIZE=1")
	expect("a process that contradicts itself", rank.Sender, -1, -1)
	p.environ(11, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=1")
	expect("a world of one", rank.Sender, -1, 1)

	told.World = -1
	settle = monitor.Settle(told, 10, p.proc, func() time.Time { return p.now })
	p.environ(11, "HOME=/")
	expect("nothing", rank.Sender, -1, -1)
	p.environ(11, "RANK=3 LOCAL_RANK=1 WORLD_SIZE=4")
	expect("not its node's first", rank.Sender, -1, 4)
	p.start(12, [3]int{2, 4, 0}).steps(1)
	expect("the first of the second node", rank.Silent, 2, 4)
	p.start(13, [3]int{0, 4, 0}).steps(1)
	expect("both nodes are this machine", rank.Sender, 0, 4)
}

// TestProcessesAreNotAskedAllTheTime: only once a second.
func TestProcessesAreNotAskedAllTheTime(t *testing.T) {
	p := newProcesses(t)
	settle := monitor.Settle(torchrunOnTwoNodes, 10, p.proc, func() time.Time { return p.now })
	settle(p.pages)
	p.environ(10, "HOME=/", 11)
	p.environ(11, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=4")
	equal(t, "at once", settle(p.pages).Verdict, rank.Unknown)
	p.now = p.now.Add(time.Second)
	equal(t, "after a second", settle(p.pages).Verdict, rank.Sender)
}

// oneNode is what a wrapper around torchrun on one node knows at its start.
var oneNode = rank.Info{Rank: -1, World: -1, LocalRank: -1, LocalWorld: -1, Nodes: 1, Launcher: "torchrun", Verdict: rank.Sender}

// TestOfHowMany: the wrapper around a launcher learns the world's size, and does
// not change its mind about who sends.
func TestOfHowMany(t *testing.T) {
	alone := oneNode
	alone.Nodes, alone.Launcher = -1, ""
	for _, c := range []struct {
		name string
		told rank.Info
		see  func(*processes)
		want rank.Info // Rank and LocalRank as told
	}{
		{"nothing to see", oneNode, func(*processes) {}, oneNode},
		{"a page", oneNode, func(p *processes) { p.start(11, [3]int{1, 8, 1}).steps(1) }, rank.Info{World: 8, LocalWorld: 8, Nodes: 1, Launcher: "torchrun"}},
		{"a page that does not know", oneNode, func(p *processes) { p.start(11, unranked).steps(1) }, oneNode},
		{"a process", oneNode, func(p *processes) {
			p.environ(10, "HOME=/", 11)
			p.environ(11, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=4 LOCAL_WORLD_SIZE=4 TORCHELASTIC_RUN_ID=none")
		}, rank.Info{World: 4, LocalWorld: 4, Nodes: 1, Launcher: "torchrun"}},
		{"a process that is not the first", oneNode, func(p *processes) {
			p.environ(10, "HOME=/", 11)
			p.environ(11, "RANK=3 LOCAL_RANK=3 WORLD_SIZE=4")
		}, rank.Info{World: 4, LocalWorld: 4, Nodes: 1, Launcher: "torchrun"}},
		{"a launcher that nobody expected", alone, func(p *processes) {
			p.environ(10, "HOME=/", 11)
			p.environ(11, "OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_LOCAL_RANK=0 OMPI_COMM_WORLD_LOCAL_SIZE=2")
		}, rank.Info{World: 4, LocalWorld: 2, Nodes: -1, Launcher: "openmpi"}},
		{"a script that starts one", alone, func(p *processes) {
			p.environ(10, "HOME=/", 11)
			p.environ(11, "HOME=/", 13, 12)
			p.environ(12, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=4 LOCAL_WORLD_SIZE=2 GROUP_RANK=0")
			p.environ(13, "RANK=1 LOCAL_RANK=1 WORLD_SIZE=4 LOCAL_WORLD_SIZE=2 GROUP_RANK=0")
		}, rank.Info{World: 4, LocalWorld: 2, Nodes: -1, Launcher: "torchrun"}},
		{"a page, and the process that wrote it", alone, func(p *processes) {
			p.start(11, [3]int{0, 4, 0}).steps(1)
			p.environ(10, "HOME=/", 11)
			p.environ(11, "RANK=0 LOCAL_RANK=0 WORLD_SIZE=4 LOCAL_WORLD_SIZE=2 GROUP_RANK=0")
		}, rank.Info{World: 4, LocalWorld: 2, Nodes: -1, Launcher: "torchrun"}},
		{"processes without a launcher", alone, func(p *processes) {
			p.environ(10, "HOME=/", 11)
			p.environ(11, "HOME=/")
		}, alone},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProcesses(t)
			c.see(p)
			p.pages.DrainAt(p.now, false)
			settle := monitor.Settle(c.told, 10, p.proc, func() time.Time { return p.now })
			want := c.want
			want.LocalRank, want.Verdict = -1, rank.Sender
			for range 2 {
				got := settle(p.pages)
				got.Rank = 0 // known or not, it is ours
				want.Rank = 0
				equal(t, "known", got, want)
			}
		})
	}
}
