package settings

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ParentVariable and PageDirVariable are how a run makes itself known to the
// processes of its program.
const (
	ParentVariable  = "TRAINWATCH_PARENT"
	PageDirVariable = "TRAINWATCH_PAGE_DIR"
)

// Telemetry of a parent, as its programs are told.
const (
	ParentOn             = "on"
	ParentOff            = "off"
	ParentPreview        = "preview"         // shows what would be sent, and sends nothing
	ParentUndecidedShown = "undecided-shown" // the notice was shown; nobody need show it again
)

// Parent is a trainwatch that started a program, as it tells it in
// TRAINWATCH_PARENT. The variable leaks (sbatch, tmux, nohup), so it means
// something only while Living says so.
type Parent struct {
	Boot      string // boot id without dashes
	PID       int
	Start     uint64 // field 22 of its stat: clock ticks after boot
	RunID     string
	Attempt   int
	Recipient string // consent.Recipient's ID; "" for none
	Telemetry string // one of the above
}

// String returns the variable's value:
//
//	1;boot=…;pid=…;start=…;run=…;attempt=…;to=…;telemetry=…
func (p Parent) String() string {
	to := p.Recipient
	if to == "" {
		to = "-"
	}
	return fmt.Sprintf("1;boot=%s;pid=%d;start=%d;run=%s;attempt=%d;to=%s;telemetry=%s",
		p.Boot, p.PID, p.Start, p.RunID, p.Attempt, to, p.Telemetry)
}

// ParseParent reads the variable's value. Fields it does not know are passed
// over, so that a later trainwatch may say more; one it needs and cannot read
// is an error.
func ParseParent(text string) (Parent, error) {
	const most = 4096
	version, rest, _ := strings.Cut(text, ";")
	if version != "1" || len(text) > most {
		return Parent{}, errors.New("settings: " + ParentVariable + ": not of version 1")
	}
	var p Parent
	var err error
	for field := range strings.SplitSeq(rest, ";") {
		name, value, _ := strings.Cut(field, "=")
		var bad error
		switch name {
		case "boot":
			p.Boot = value
		case "pid":
			p.PID, bad = strconv.Atoi(value)
		case "start":
			p.Start, bad = strconv.ParseUint(value, 10, 64)
		case "run":
			p.RunID = value
		case "attempt":
			p.Attempt, bad = strconv.Atoi(value)
		case "to":
			if value != "-" {
				p.Recipient = value
			}
		case "telemetry":
			p.Telemetry = value
		}
		if bad != nil && err == nil {
			err = fmt.Errorf("settings: %s: field %s: %w", ParentVariable, name, bad)
		}
	}
	if err == nil && (p.Boot == "" || p.PID <= 0 || p.Start == 0 || p.Attempt < 0) {
		err = errors.New("settings: " + ParentVariable + ": boot, pid or start is missing")
	}
	if err != nil {
		return Parent{}, err
	}
	return p, nil
}

// NewParent describes the process pid, read below procRoot ("/proc"). The
// caller fills in the run. An error is a process that is not there, or a system
// without a proc filesystem: then programs cannot be told of us.
func NewParent(procRoot string, pid int) (Parent, error) {
	boot, err := bootID(procRoot)
	if err != nil {
		return Parent{}, fmt.Errorf("settings: boot id: %w", err)
	}
	_, start, err := readStat(procRoot, pid)
	if err != nil {
		return Parent{}, fmt.Errorf("settings: process %d: %w", pid, err)
	}
	return Parent{Boot: boot, PID: pid, Start: start}, nil
}

// Living reports whether p is alive on this machine since this boot, and an
// ancestor of the process self, or self. It reads one stat a generation, and
// looks at most 64 generations up.
func Living(p Parent, procRoot string, self int) bool {
	boot, err := bootID(procRoot)
	if err != nil || p.PID <= 0 || boot != p.Boot {
		return false
	}
	pid := self
	for range 64 {
		parent, start, err := readStat(procRoot, pid)
		if err != nil {
			return false
		}
		if pid == p.PID {
			return start == p.Start
		}
		if parent <= 0 || parent == pid {
			return false
		}
		pid = parent
	}
	return false
}

// ParentOf returns the living parent that the environment names, if any.
// Anything else in the variable is as if absent.
func ParentOf(lookup func(string) (string, bool), procRoot string, self int) (Parent, bool) {
	text, ok := lookup(ParentVariable)
	if !ok {
		return Parent{}, false
	}
	p, err := ParseParent(text)
	if err != nil || !Living(p, procRoot, self) {
		return Parent{}, false
	}
	return p, true
}

func bootID(procRoot string) (string, error) {
	text, err := os.ReadFile(filepath.Join(procRoot, "sys/kernel/random/boot_id"))
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(strings.TrimSpace(string(text)), "-", ""), nil
}

func readStat(procRoot string, pid int) (parent int, start uint64, err error) {
	text, err := os.ReadFile(filepath.Join(procRoot, strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0, 0, err
	}
	return parseStat(text)
}

// parseStat returns fields 4 and 22 of a stat. The name in field 2 may hold
// spaces and parentheses, so counting begins after the last of them.
func parseStat(text []byte) (parent int, start uint64, err error) {
	s := string(text)
	f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
	const first = 3 // the field that f[0] is
	if len(f) <= 22-first {
		return 0, 0, errors.New("stat is too short")
	}
	if parent, err = strconv.Atoi(f[4-first]); err != nil {
		return 0, 0, err
	}
	if start, err = strconv.ParseUint(f[22-first], 10, 64); err != nil {
		return 0, 0, err
	}
	return parent, start, nil
}
