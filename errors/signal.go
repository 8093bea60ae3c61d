package errors

// Signal numbers that mean the same on every system trainwatch wraps on.
const (
	sigHUP, sigINT, sigQUIT, sigILL, sigTRAP, sigABRT = 1, 2, 3, 4, 5, 6
	sigFPE, sigKILL, sigSEGV, sigPIPE, sigTERM        = 8, 9, 11, 13, 15
)

// endedBy returns the signal that a program ended by, 0 for none.
func endedBy(exit Exit) int {
	if exit.Signal > 0 {
		return exit.Signal
	}
	switch n := exit.Code - 128; n {
	case sigHUP, sigINT, sigQUIT, sigILL, sigTRAP, sigABRT, sigBUS, sigFPE, sigKILL, sigSEGV, sigSYS, sigPIPE, sigTERM:
		return n
	}
	return 0
}

// classOfSignal tells what a signal is that a program died of; crashed is false
// of those that somebody sends to have it ended, and of 0.
func classOfSignal(n int) (class Class, crashed bool) {
	switch n {
	case sigSEGV:
		return Segfault, true
	case sigABRT:
		return Abort, true
	case sigKILL:
		return SigKill, true
	case sigBUS:
		return BusError, true
	case sigILL, sigTRAP, sigFPE, sigSYS:
		return Unknown, true
	}
	return "", false // TERM, HUP, USR1, …
}
