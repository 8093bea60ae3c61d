package spool

import "time"

// Host identifies this process among all that may share a directory: a
// segment's writer puts it into the header, an adopter compares.
type Host struct {
	Boot         [16]byte // this boot of this kernel; zero unknown
	PIDNamespace uint64   // inode of the pid namespace; 0 unknown
	PID          int
	Start        uint64 // start time in clock ticks since boot; 0 unknown
}

// same reports whether a and b are processes that can see each other: of one
// boot and one pid namespace, both known.
func (a Host) same(b Host) bool {
	return a.Boot == b.Boot && a.Boot != [16]byte{} && a.PIDNamespace == b.PIDNamespace
}

// age returns how old a segment is. Within one boot the clock that counts from
// boot decides, which nobody can set; a wall clock set a year ahead must not
// make young events old.
func (h header) age(self Host, now time.Time, booted time.Duration) time.Duration {
	if h.host.Boot == self.Boot && h.host.Boot != [16]byte{} && h.booted > 0 && booted >= h.booted {
		return booted - h.booted
	}
	return max(0, now.Sub(h.created))
}
