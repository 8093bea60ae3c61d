package settings

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// Flags are the command line's words as given, or an embedding program's
// configuration. "" is not given.
type Flags struct {
	Name             string
	Interval         string // a duration: "2s"
	ReportInterval   string // a duration
	ReportEverySteps string // a count
	Telemetry        string // "on" or "off"
	Home             string // state directory
	Key, Host        string // recipient, from an embedding program
	Identity         string // "install" or "run"
	StopFlag         string // the recipient's feature flag, from an embedding program
	HistorySize      string // what the recorded runs may take: "500MB"
	HistoryAge       string // how old they may become: "90d"
	NoInject         bool
	Disabled         bool
	Quiet            bool
}

// Roots are the places config files are looked for, besides the user's own. An
// empty one is not looked at.
type Roots struct {
	Machine string // "/etc": trainwatch/config.toml in it
	Project string // the working directory: trainwatch.toml in it
}

// IdentityMode is how a run is told apart by its recipient.
type IdentityMode uint8

// One id per installation and recipient, or a new one for every run.
const (
	IdentityInstall IdentityMode = iota
	IdentityRun
)

// String returns "install" or "run".
func (m IdentityMode) String() string {
	if m == IdentityRun {
		return "run"
	}
	return "install"
}

// Defaults and bounds.
const (
	DefaultInterval   = 2 * time.Second
	MinInterval       = 100 * time.Millisecond
	MinReportInterval = time.Second
	maxInterval       = 24 * time.Hour
)

// Settings is what holds for this process.
type Settings struct {
	Name             string        // of the run; stays on the machine
	Interval         time.Duration // between two ticks
	ReportInterval   time.Duration // between two progress events; 0 is the growing default
	ReportEverySteps int64         // 0: not by steps
	Disabled         bool          // only run the program
	Inject           bool          // put the Python hook in
	Quiet            bool          // no summary
	Home             string        // state directory; "" where none can be named
	HistoryBytes     int64         // what the recorded runs may take of the disk; 0: any amount
	HistoryAge       time.Duration // how long ago a recorded run may have started; 0: any time
	Spare            []string      // other directories for events, in order, where Home takes none
	Recipient        consent.Recipient
	IdentityMode     IdentityMode
	StopFlag         string    // the feature flag by which the recipient can stop what it is sent; "" for none
	NVMLLibrary      string    // "" for the default
	Rank             string    // TRAINWATCH_RANK as given, for status and doctor
	RunID            uuid.UUID // the run to join; zero for a new one, or where RunName says which
	RunName          string    // TRAINWATCH_RUN_ID where it is no uuid: a local name, never sent
	Telemetry        string    // --telemetry as given
	FileModes        []consent.FileMode
}

// Warning is something the user wrote that does not count.
type Warning struct {
	Where string // "--interval", "TRAINWATCH_INTERVAL", "/etc/…/config.toml:3: telemetry.mod"
	Text  string
	Flag  bool // it stands on the command line: wrong usage
}

// String returns the warning as one line.
func (w Warning) String() string { return fmt.Sprintf("%s: %s", w.Where, w.Text) }

// ConsentInput returns what consent.Decide is to be asked, with the config
// files and the remembered answers read anew: s may be hours old, and a no said
// since then holds.
func ConsentInput(s Settings, lookup func(string) (string, bool), roots Roots) consent.Input {
	answers, _ := consent.ReadAnswers(s.Home) // what cannot be read is a no, with its own warning
	_, modes, _ := readFiles(lookup, roots)
	return consent.Input{
		Flag:      s.Telemetry,
		Disabled:  s.Disabled,
		Lookup:    lookup,
		Answers:   answers,
		Files:     modes,
		Recipient: s.Recipient,
	}
}
