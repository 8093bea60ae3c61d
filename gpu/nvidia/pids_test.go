package nvidia

import "testing"

func TestTellsHostPIDs(t *testing.T) {
	for _, c := range []struct {
		driver string
		want   bool
	}{
		{"470.256.02", true},
		{"525.147.05", true},
		{"535.54.03", true},
		{"535.104.12", true},
		{"535.113.01", false},
		{"535.274", false},
		{"550.54.15", false},
		{"545.23.08", false},
		{"570.86.15", false},
		{"540.0", true},
		{"", true},
		{"a driver", true},
		{"550", true},
	} {
		if got := tellsHostPIDs(c.driver); got != c.want {
			t.Errorf("%q: %v, want %v", c.driver, got, c.want)
		}
	}
}

func TestMPSPercent(t *testing.T) {
	for _, c := range []struct {
		value string
		want  float64 // 0: not known
	}{
		{"", 0}, {"25", 25}, {" 12.5 ", 12.5}, {"100", 100}, {"0", 0}, {"-5", 0}, {"101", 0}, {"NaN", 0}, {"half", 0},
	} {
		got, ok := mpsPercent(func(string) (string, bool) { return c.value, c.value != "" }).Get()
		if got != c.want || ok != (c.want > 0) {
			t.Errorf("%q: %v, %v; want %v", c.value, got, ok, c.want)
		}
	}
	if _, ok := mpsPercent(nil).Get(); ok {
		t.Error("known without an environment")
	}
}
