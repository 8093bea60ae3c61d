//go:build race

package shim_test

// raceEnabled: the detector's own memory would be measured.
const raceEnabled = true
