package agent

import (
	"context"
	"time"

	"github.com/trainwatch/trainwatch/gpu"
)

// constant is unexported so that only a constant of the program's source can
// be given for it: what is made at run time does not compile, and so nothing
// that a user chose can be said here.
type constant string

// Config is what an embedding program says of itself. The zero Config records
// the run and sends nothing.
type Config struct {
	// App is the program's name: lower-case letters, digits, _ and -, at most
	// 32, beginning with a letter. Any other is left out of the events.
	App constant
	// AppVersion is its version: digits and dots, then rc, dev or post.
	AppVersion string

	// PostHogKey (phc_…) and PostHogHost (default https://us.i.posthog.com)
	// say who gets the figures. They come before the user's variables, whose
	// recipient a wrapper serves. Without a key nothing is ever sent.
	PostHogKey  string
	PostHogHost string

	// StopFlag names a feature flag of that PostHog project, by which its owner
	// can stop what this program sends: everything, events by name, or all but
	// a share of the runs. "" asks for none. See docs/privacy.md.
	StopFlag constant

	// GPU samples the GPUs: nvidia.Source() of package gpu/nvidia brings
	// NVIDIA's, and cgo. nil samples none.
	GPU gpu.Source

	// CaptureFatal also reports what no deferred call sees: a panic in a goroutine
	// that nothing wraps, concurrent map writes, a stack overflow, the end of
	// memory, SIGSEGV in C. That all goroutines are asleep Go itself notices only
	// where nothing holds a timer and there is no cgo. It takes
	// debug.SetCrashOutput for itself, for a file that only the user can read. A
	// wrapper reads that at the run's end, and a program without one at its next
	// start. Standard error and exit status stay what they are. Not on Windows.
	CaptureFatal bool

	// Interval is the time between samples (default 2s). ReportInterval is the
	// time between progress events (default: after 1, 2, 4, 8 and 16 minutes,
	// then every 30). The user's variables win over both.
	Interval       time.Duration
	ReportInterval time.Duration

	// Notice replaces the printed notice where nobody has decided about
	// telemetry yet: it shows text, or words of its own to that effect, gives
	// the user time, and returns whether this run may send.
	Notice func(ctx context.Context, text string) (send bool)
	// NoticeLines are the program's own words, at most five lines, added to the
	// printed notice; PrivacyURL is where it says more.
	NoticeLines []string
	PrivacyURL  string
	// AlsoHonour names further variables that say no when they are set, such as
	// HF_HUB_DISABLE_TELEMETRY or the program's own.
	AlsoHonour []string

	// Features and Operations are what Feature and Operation will be told of.
	// What is not named here is declared when it is first told; that costs a
	// write more.
	Features   []Feature
	Operations []Operation
}
