//go:build !full

package history_test

// kills is at how many moments a writer is killed.
const kills = 16
