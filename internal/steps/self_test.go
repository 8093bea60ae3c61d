package steps_test

import (
	"os"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/steps"
)

func TestSelf(t *testing.T) {
	id := steps.Self()
	if id.PID != os.Getpid() || id.Rank != -1 || id.WorldSize != -1 || id.LocalRank != -1 || id.Source != steps.SourceGo {
		t.Errorf("%+v", id)
	}
}

func TestRuntimeVersion(t *testing.T) {
	for version, want := range map[string]uint32{
		"go1.26.8":                0x011A08,
		"go1.26":                  0x011A00,
		"go1.27rc1":               0x011B00,
		"go1.26.8 X:nogreenteagc": 0x011A08,
		"devel +abc":              0,
		"go1.x":                   0,
		"go1.26.300":              0,
		"":                        0,
	} {
		if got := steps.RuntimeVersion(version); got != want {
			t.Errorf("%q: %#x, want %#x", version, got, want)
		}
	}
}

func TestStartTime(t *testing.T) {
	fields := strings.Repeat("1 ", 18) + "987654 5"
	for _, tt := range []struct {
		name, stat string
		want       uint64
	}{
		{"ordinary", "7 (python3) S " + fields, 987654},
		{"a name with brackets and spaces", "7 (a) S 1 (b)) R " + fields, 987654},
		{"cut short", "7 (python3) S 1 2 3", 0},
		{"not a number", "7 (x) S " + strings.Repeat("y ", 30), 0},
		{"empty", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := steps.StartTime([]byte(tt.stat)); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
