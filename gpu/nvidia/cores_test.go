package nvidia

import "testing"

func TestSMCount(t *testing.T) {
	for _, c := range []struct {
		name         string
		major, minor int
		cores, want  int // want 0: unknown
		arch         string
	}{
		{"H200", 9, 0, 16896, 132, "hopper"},
		{"H100 PCIe", 9, 0, 14592, 114, "hopper"},
		{"A100", 8, 0, 6912, 108, "ampere"},
		{"A40", 8, 6, 10752, 84, "ampere"},
		{"RTX 4090", 8, 9, 16384, 128, "ada"},
		{"V100", 7, 0, 5120, 80, "volta"},
		{"T4", 7, 5, 2560, 40, "turing"},
		{"P100", 6, 0, 3584, 56, "pascal"},
		{"P40", 6, 1, 3840, 30, "pascal"},
		{"B200", 10, 0, 18944, 148, "blackwell"},
		{"RTX 5090", 12, 0, 21760, 170, "blackwell"},
		{"one not yet made", 14, 0, 32768, 0, ""},
		{"a count that does not divide", 9, 0, 16897, 0, "hopper"},
		{"no count", 9, 0, 0, 0, "hopper"},
		{"nonsense", -1, -1, -5, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := capability{c.major, c.minor}.smCount(c.cores)
			if got != c.want || ok != (c.want > 0) {
				t.Errorf("%d, %v; want %d", got, ok, c.want)
			}
			if arch := (capability{c.major, c.minor}).arch(); arch != c.arch {
				t.Errorf("architecture %q, want %q", arch, c.arch)
			}
		})
	}
}
