//go:build !race

package steps

// A page's words are stored and loaded plainly, though a reader may look at
// them meanwhile: an aligned word is never seen half-written, what could have
// been lapped is discarded after the head was read again, and each atomic
// store would cost as much as five plain ones.

func put(p *uint64, v uint64) { *p = v }

func get(p *uint64) uint64 { return *p }
