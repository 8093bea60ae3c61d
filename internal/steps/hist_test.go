package steps_test

import (
	"math"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

func TestBuckets(t *testing.T) {
	for _, tt := range []struct {
		d    time.Duration
		want int
	}{
		{-5, 0},
		{0, 0},
		{1023, 0},
		{1024, 0},
		{1087, 0},
		{1088, 1},
		{2047, 15},
		{2048, 16},
		{4096, 32},
		{time.Millisecond, 9*16 + 14},
		{time.Second, 19*16 + 13},
		{31<<42 - 1, 590},
		{31 << 42, 591},
		{1 << 47, 591},
		{math.MaxInt64, 591},
	} {
		if got := steps.Bucket(tt.d); got != tt.want {
			t.Errorf("Bucket(%d) = %d, want %d", tt.d, got, tt.want)
		}
	}
	for i := range steps.Buckets {
		m := steps.BucketMiddle(i)
		if steps.Bucket(m) != i {
			t.Errorf("middle %v of bucket %d is in bucket %d", m, i, steps.Bucket(m))
		}
	}
	for d := time.Duration(1024 + 64); d < 1<<46; d += d/97 + 1 {
		m := steps.BucketMiddle(steps.Bucket(d))
		if off := math.Abs(float64(m-d)) / float64(d); off > 1.0/32 {
			t.Fatalf("%v: middle %v is %.4f off", d, m, off)
		}
	}
	if steps.BucketMiddle(-1) != steps.BucketMiddle(0) || steps.BucketMiddle(1<<30) != steps.BucketMiddle(591) {
		t.Error("an index out of range is not the nearest bucket's")
	}
}

func TestSourceNames(t *testing.T) {
	seen := map[string]bool{}
	for s := steps.SourceUnknown; s <= steps.SourceOther; s++ {
		if seen[s.String()] {
			t.Errorf("two sources are called %s", s)
		}
		seen[s.String()] = true
	}
	if steps.Source(99).String() != "unknown" {
		t.Errorf("99 is %s", steps.Source(99))
	}
}
