package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Load gathers the settings. It reads at most three small files and cannot
// fail: what is wrong is in the warnings, and the default holds in its place.
// Warnings about telemetry.mode are in Settings.FileModes, and come out of
// consent.Decide.
func Load(f Flags, lookup func(string) (string, bool), roots Roots) (Settings, []Warning) {
	file, modes, warnings := readFiles(lookup, roots)
	l := loader{lookup: lookup, warnings: warnings}
	s := Settings{
		Name:             l.first(f.Name, "TRAINWATCH_NAME"),
		Interval:         l.duration(DefaultInterval, MinInterval, flagWord("--interval", f.Interval), l.variable("TRAINWATCH_INTERVAL")),
		ReportInterval:   l.duration(0, MinReportInterval, flagWord("--report-interval", f.ReportInterval), l.variable("TRAINWATCH_REPORT_INTERVAL"), file.reportInterval),
		ReportEverySteps: l.count(flagWord("--report-every-steps", f.ReportEverySteps), l.variable("TRAINWATCH_REPORT_EVERY_STEPS"), file.reportEverySteps),
		Disabled:         f.Disabled || l.disabled(),
		Inject:           !f.NoInject && l.yes("TRAINWATCH_INJECT", true) && !l.yes("TRAINWATCH_NO_INJECT", false),
		Quiet:            f.Quiet || l.yes("TRAINWATCH_QUIET", false),
		NVMLLibrary:      l.first("", "TRAINWATCH_NVML_LIBRARY"),
		Rank:             l.first("", "TRAINWATCH_RANK"),
		IdentityMode:     l.identity(flagWord("Identity", f.Identity), file.identity),
		HistoryBytes:     l.space(DefaultHistoryBytes, flagWord("--max-size", f.HistorySize), l.variable("TRAINWATCH_HISTORY_MAX_SIZE"), file.historySize),
		HistoryAge:       l.age(flagWord("--max-age", f.HistoryAge), l.variable("TRAINWATCH_HISTORY_MAX_AGE"), file.historyAge),
		Telemetry:        f.Telemetry,
		FileModes:        modes,
	}
	s.Home = f.Home
	if s.Home == "" {
		s.Home = Home(lookup)
	}
	if s.Home != "" && !filepath.IsAbs(s.Home) && roots.Project != "" {
		s.Home = filepath.Join(roots.Project, s.Home) // the program may go elsewhere; the record stays
	}
	s.Spare = Spare(lookup, s.Home)
	s.RunID, s.RunName = runID(l.first("", "TRAINWATCH_RUN_ID"))
	s.Recipient = l.recipient(f, file)
	s.StopFlag = l.stopFlag(f, file)
	return s, l.warnings
}

// Home returns the state directory: TRAINWATCH_HOME, else the XDG state
// directory's trainwatch. "" where the environment names no home at all.
func Home(lookup func(string) (string, bool)) string {
	if v, _ := lookup("TRAINWATCH_HOME"); strings.TrimSpace(v) != "" {
		return filepath.Clean(v)
	}
	return xdg(lookup, "XDG_STATE_HOME", ".local/state")
}

// Spare returns where events may wait when home takes none: the XDG state
// directory's trainwatch, if that is another one, and a directory of the user's
// own among the temporary files.
func Spare(lookup func(string) (string, bool), home string) (dirs []string) {
	if dir := xdg(lookup, "XDG_STATE_HOME", ".local/state"); dir != "" && dir != home {
		dirs = append(dirs, dir)
	}
	if runtime.GOOS == "windows" {
		return dirs // nothing waits on the disk there
	}
	tmp, _ := lookup("TMPDIR")
	if !filepath.IsAbs(tmp) {
		tmp = "/tmp"
	}
	return append(dirs, filepath.Join(tmp, "trainwatch-"+strconv.Itoa(os.Geteuid())))
}

// xdg returns trainwatch's own directory below a base directory. A relative
// base does not count, as the XDG specification wants it.
func xdg(lookup func(string) (string, bool), variable, below string) string {
	if v, _ := lookup(variable); filepath.IsAbs(v) {
		return filepath.Join(v, "trainwatch")
	}
	for _, home := range []string{"HOME", "USERPROFILE"} {
		if v, _ := lookup(home); filepath.IsAbs(v) {
			return filepath.Join(v, filepath.FromSlash(below), "trainwatch")
		}
	}
	return ""
}

// word is a value and where it stands.
type word struct {
	where, text string
	flag        bool
}

func flagWord(name, text string) word { return word{where: name, text: text, flag: true} }

type loader struct {
	lookup   func(string) (string, bool)
	warnings []Warning
}

func (l *loader) warn(w word, format string, args ...any) {
	l.warnings = append(l.warnings, Warning{Where: w.where, Text: fmt.Sprintf(format, args...), Flag: w.flag})
}

func (l *loader) variable(name string) word {
	v, _ := l.lookup(name)
	return word{where: name, text: v}
}

func (l *loader) first(flag, variable string) string {
	if flag != "" {
		return flag
	}
	return strings.TrimSpace(l.variable(variable).text)
}

// duration returns the first word that is one; a wrong one is warned about and
// passed over. Zero means the default where there is a growing one.
func (l *loader) duration(otherwise, least time.Duration, words ...word) time.Duration {
	for _, w := range words {
		text := strings.TrimSpace(w.text)
		if text == "" {
			continue
		}
		d, err := time.ParseDuration(text)
		switch {
		case err != nil:
			l.warn(w, "%q is no duration; write one like 500ms, 2s or 5m", text)
		case d < least || d > maxInterval:
			l.warn(w, "%s is out of bounds: between %s and %s", text, least, maxInterval)
		default:
			return d
		}
	}
	return otherwise
}

func (l *loader) count(words ...word) int64 {
	for _, w := range words {
		text := strings.TrimSpace(w.text)
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			l.warn(w, "%q is no number of steps", text)
			continue
		}
		return n
	}
	return 0
}

// yes is a switch's variable. A word it does not know leaves the default.
func (l *loader) yes(name string, otherwise bool) bool {
	w := l.variable(name)
	switch strings.ToLower(strings.TrimSpace(w.text)) {
	case "":
	case "1", "true", "yes", "on":
		return true
	case "0", "false", "no", "off":
		return false
	default:
		l.warn(w, "%q is neither 1 nor 0", w.text)
	}
	return otherwise
}

// disabled takes every word but a false one for a yes: whoever sets it wants
// nothing of us.
func (l *loader) disabled() bool {
	switch strings.ToLower(strings.TrimSpace(l.variable("TRAINWATCH_DISABLED").text)) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}

func (l *loader) identity(words ...word) IdentityMode {
	for _, w := range words {
		switch w.text {
		case "":
		case "install":
			return IdentityInstall
		case "run":
			return IdentityRun
		default:
			// The narrower of the two, as something was meant.
			l.warn(w, "%q is neither install nor run; taken as run", w.text)
			return IdentityRun
		}
	}
	return IdentityInstall
}

// runID tells a uuid from a local name. Only one that is random (version 4) or
// time and random (7) is sent as it is: the others hold a machine's address, the
// digest of a name, or whatever somebody put into them, and are names.
func runID(text string) (id uuid.UUID, name string) {
	const length = 36
	if id, err := uuid.Parse(text); err == nil && len(text) == length && id.Variant() == uuid.RFC4122 && (id.Version() == 4 || id.Version() == 7) {
		return id, ""
	}
	return uuid.Nil, text
}
