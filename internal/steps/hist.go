package steps

import (
	"math/bits"
	"time"
)

// firstOctave is the exponent of the first duration that is told apart:
// 1,024 ns. Steps shorter than that share a bucket.
const firstOctave = 10

// Bucket returns the histogram's bucket for a step time: 16 buckets an octave,
// everything below 1,088 ns in bucket 0 and everything from about 37.9 h on in
// the last.
func Bucket(d time.Duration) int {
	if d < 1<<firstOctave {
		return 0
	}
	e := bits.Len64(uint64(d)) - 1
	b := (e-firstOctave)<<4 | int(uint64(d)>>(e-4)&15)
	return min(b, Buckets-1)
}

// BucketMiddle returns the middle of a bucket, at most 1/32 from any duration
// in it (bucket 0 and the last excepted). An index out of range is taken for
// the nearest bucket.
func BucketMiddle(i int) time.Duration {
	if i <= 0 {
		return (1<<firstOctave + 1<<(firstOctave-4)) / 2
	}
	i = min(i, Buckets-1)
	shift := i>>4 + firstOctave - 4
	return time.Duration(16+i&15)<<shift + 1<<(shift-1)
}
