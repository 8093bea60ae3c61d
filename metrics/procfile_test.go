package metrics

import (
	"slices"
	"strings"
	"testing"
)

const realStat = `12 (a) S (b ) S 7 12 12 0 -1 4194560 100 200 0 0 11 22 33 44 20 0 5 0 987654 1000000 77 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0`

func TestParseStat(t *testing.T) {
	whole := statFields{parent: 7, threads: 5, start: 987654, cpu: 33, reaped: 77, rss: 77}
	zombie := whole
	zombie.zombie = true
	tests := []struct {
		name, in string
		want     statFields
		ok       bool
	}{
		{"a name with parentheses and spaces", realStat, whole, true},
		{"a name with a newline", strings.Replace(realStat, "(a)", "(a)\n9 (", 1), whole, true},
		{"zombie", strings.Replace(realStat, ") S 7", ") Z 7", 1), zombie, true},
		{"a negative time counts nothing", strings.Replace(realStat, " 33 ", " -33 ", 1), statFields{7, 5, 987654, 33, 44, 77, false}, true},
		{"cut short", realStat[:60], statFields{}, false},
		{"empty", "", statFields{}, false},
		{"no name", "12 S 7", statFields{}, false},
		{"a word for a number", strings.Replace(realStat, " 987654 ", " start ", 1), statFields{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseStat([]byte(tt.in))
			if ok != tt.ok || ok && got != tt.want {
				t.Errorf("got %+v %v, want %+v %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestValue(t *testing.T) {
	tests := []struct {
		name, in, key string
		want          uint64
		ok            bool
	}{
		{"meminfo", "MemTotal:       16 kB\nMemFree:  1 kB\n", "MemTotal", 16384, true},
		{"second line", "MemTotal:  16 kB\nMemFree:  1 kB\n", "MemFree", 1024, true},
		{"memory.events", "oom 5\noom_kill 3\noom_group_kill 9\n", "oom_kill", 3, true},
		{"no newline at the end", "oom_kill 3", "oom_kill", 3, true},
		{"only the beginning of a name", "oom_killer 3\n", "oom_kill", 0, false},
		{"missing", "a 1\n", "b", 0, false},
		{"no number", "a x\n", "a", 0, false},
		{"too large a number", "a 99999999999999999999\n", "a", 0, false},
		{"name alone", "a", "a", 0, false},
		{"empty", "", "a", 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := value([]byte(tt.in), tt.key); got != tt.want || ok != tt.ok {
				t.Errorf("got %v %v, want %v %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte(realStat))
	f.Add([]byte(") R 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, ok := parseStat(b)
		if ok && (s.parent < 0 || s.threads < 0 || s.cpu > 1<<63 || s.reaped > 1<<63 || s.total() < s.cpu) {
			t.Errorf("%+v", s)
		}
	})
}

func FuzzAppendPIDs(f *testing.F) {
	f.Add([]byte("1 2 3 "))
	f.Add([]byte("1 -2 4294967296 "))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := appendPIDs([]int{1}, b)
		if got[0] != 1 || slices.ContainsFunc(got, func(pid int) bool { return pid <= 0 || pid > 1<<30 }) {
			t.Errorf("%v", got)
		}
	})
}

func FuzzValue(f *testing.F) {
	f.Add([]byte("MemTotal:  16 kB\n"), "MemTotal")
	f.Add([]byte("a\n\na 1"), "a")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		if v, ok := value(b, name); ok && v > 1<<62 {
			t.Errorf("%d", v)
		}
		parseLimit(b)
		if v, ok := parseQuota(b); ok && v <= 0 {
			t.Errorf("quota %v", v)
		}
	})
}

func FuzzCgroupPath(f *testing.F) {
	f.Add("4:memory:/a/b\n0::/c\n", "memory")
	f.Add("0::/../x\n", "cpu")
	f.Fuzz(func(t *testing.T, content, controller string) {
		path, _, ok := cgroupPath(content, controller)
		if ok != strings.HasPrefix(path, "/") {
			t.Errorf("%q %v", path, ok)
		}
	})
}
