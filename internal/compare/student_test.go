package compare

import (
	"math"
	"testing"
)

// The values are those of printed tables.
func TestStudentT(t *testing.T) {
	for _, c := range []struct {
		p       float64
		freedom int
		want    float64
	}{
		{0.975, 1, 12.7062},
		{0.975, 2, 4.30265},
		{0.95, 5, 2.01505},
		{0.975, 10, 2.22814},
		{0.995, 15, 2.94671},
		{0.995, 30, 2.75000},
		{0.975, 60, 2.00030},
		{0.9995, 7, 5.40788},
		{0.975, 120, 1.97993},
	} {
		if got := studentT(c.p, c.freedom); math.Abs(got-c.want) > 2e-5*c.want {
			t.Errorf("t of %g with %d degrees: %.5f, want %.5f", c.p, c.freedom, got, c.want)
		}
	}
}
