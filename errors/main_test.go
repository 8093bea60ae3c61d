package errors_test

import (
	"os"
	"testing"
)

// modeVariable makes this test binary a program that dies, on the main
// goroutine, as "how wrapping" says. See programs_test.go.
const modeVariable = "ERRORS_TEST_DIE"

func TestMain(m *testing.M) {
	if mode := os.Getenv(modeVariable); mode != "" {
		dieAs(mode)
		os.Exit(0)
	}
	os.Exit(m.Run())
}
