//go:build race

package delivery_test

// raced tells that the race detector is in, which takes memory and time of its own.
const (
	raced   = true
	hoarded = 10_000
)
