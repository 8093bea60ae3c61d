package agent

import (
	"context"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/consent"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/rank"
	"github.com/trainwatch/trainwatch/internal/settings"
)

// place is where the program finds itself: its settings, its rank, and the
// wrapper around it, if there is one.
type place struct {
	cfg      Config
	dir      string // working directory at the start; the program may go elsewhere
	settings settings.Settings
	decision consent.Decision // at the start
	again    func() consent.Decision
	who      rank.Info
	ci       bool

	wrapped bool // a living trainwatch started us
	covered bool // and it speaks to our recipient already
	parent  settings.Parent
	pageDir string

	run     uuid.UUID
	attempt int

	noticed bool
}

func look(cfg Config) *place {
	p := &place{cfg: cfg, who: rank.Detect(os.LookupEnv), attempt: 1}
	p.dir, _ = os.Getwd() // "" where it is gone
	p.settings = p.load()
	p.again = p.decide
	p.decision = p.decide()
	_, p.ci = consent.CI(os.LookupEnv, variables()...)
	p.parent, p.wrapped = settings.ParentOf(os.LookupEnv, "/proc", os.Getpid())
	if p.wrapped {
		p.pageDir = os.Getenv(settings.PageDirVariable)
		id := p.settings.Recipient.ID()
		p.covered = id == "" || slices.Contains(strings.Split(p.parent.Recipient, ","), id)
		if run, err := uuid.Parse(p.parent.RunID); err == nil {
			p.run, p.attempt = run, max(p.parent.Attempt, 1)
		}
	}
	if p.run == uuid.Nil {
		p.join()
	}
	return p
}

// join says which run this is, where no wrapper has: the one that the user
// names, or a new one.
func (p *place) join() {
	s := p.settings
	switch {
	case s.RunID != uuid.Nil:
		p.run = s.RunID
	case s.RunName != "":
		p.run, _ = identity.RunID(s.Home, s.RunName) // where it cannot be kept it is a new one, for this run alone
	default:
		p.run = uuid.Must(uuid.NewV7())
		return
	}
	p.attempt = history.NextAttempt(s.Home, p.run.String())
}

// load reads the settings. What the user got wrong is for `trainwatch doctor`
// to say: the program's standard error is its own. Of times, the user's
// variables come before what the program configures.
func (p *place) load() settings.Settings {
	cfg := p.cfg
	flags := settings.Flags{Key: cfg.PostHogKey, Host: cfg.PostHogHost, StopFlag: string(cfg.StopFlag)}
	if cfg.Interval > 0 && unset("TRAINWATCH_INTERVAL") {
		flags.Interval = cfg.Interval.String()
	}
	if cfg.ReportInterval > 0 && unset("TRAINWATCH_REPORT_INTERVAL") {
		flags.ReportInterval = cfg.ReportInterval.String()
	}
	s, _ := settings.Load(flags, os.LookupEnv, settings.Roots{Machine: "/etc", Project: p.dir})
	return s
}

func unset(variable string) bool { return strings.TrimSpace(os.Getenv(variable)) == "" }

// world is how many processes train together, 0 unknown. Where nobody launched
// several there is one.
func (p *place) world() int {
	if p.who.World < 1 && p.who.Launcher == "" {
		return 1
	}
	return max(p.who.World, 0)
}

// decide asks everything that has a say about telemetry.
func (p *place) decide() consent.Decision {
	s := p.load()
	answers, _ := consent.ReadAnswers(s.Home) // what cannot be read counts as a no by itself
	return consent.Decide(consent.Input{
		Disabled: s.Disabled, Lookup: os.LookupEnv, Names: variables(), Answers: answers, Files: s.FileModes,
		Recipient: s.Recipient, GoTest: underTest(), AlsoHonour: p.cfg.AlsoHonour,
	})
}

// speaks reports whether this process is one that sends: of its run and towards
// its recipient the only one, or, beside a wrapper that sends the same way, for
// what the wrapper cannot know. It shows the notice where that is due, and waits.
func (p *place) speaks(ctx context.Context) bool {
	if p.who.Rank > 0 || p.who.Verdict == rank.Silent || p.covered && p.parent.Telemetry != settings.ParentOn {
		return false
	}
	if p.decision.Mode == consent.Undecided {
		p.noticed = p.covered || p.notice(ctx)
		p.decision = p.again() // somebody may have said no elsewhere meanwhile
	}
	return p.decision.Sends(p.noticed)
}

const noticeWait = 10 * time.Second

func (p *place) notice(ctx context.Context) bool {
	text := consent.NoticeText(consent.NoticeInfo{
		Recipient: p.settings.Recipient, Wait: noticeWait, App: string(p.cfg.App),
		Lines: p.cfg.NoticeLines, Privacy: p.cfg.PrivacyURL,
	})
	if p.cfg.Notice != nil {
		return p.cfg.Notice(ctx, text)
	}
	return consent.Ask(ctx, consent.AskConfig{Text: text, Err: os.Stderr, Wait: noticeWait}) != consent.Interrupted
}

// allowed asks everybody anew, at most every half second: a no that is said
// anywhere ends the sending of a running process.
func (p *place) allowed() func() bool {
	var (
		mu    sync.Mutex
		asked time.Time
		last  bool
	)
	const goodFor = 500 * time.Millisecond
	return func() bool {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); asked.IsZero() || now.Sub(asked) > goodFor {
			asked, last = now, p.decide().Sends(p.noticed)
		}
		return last
	}
}

// distinctID is whom PostHog counts: the installation, or the run where no
// secret can be kept here.
// introduce returns whom the recipient counts, and leaves word of a recipient
// that the user's settings do not name, for what they may ask the commands.
func (p *place) introduce() uuid.UUID {
	s := p.settings
	if p.cfg.PostHogKey != "" {
		app, _ := event.NewSchema(string(p.cfg.App), "").App()
		// Where it cannot be left, the commands know no more than before.
		_ = consent.Introduce(s.Home, consent.Acquaintance{App: app, Recipient: s.Recipient})
	}
	if s.IdentityMode == settings.IdentityRun {
		return p.run
	}
	if id, err := identity.DistinctID(s.Home, s.Recipient.Key); err == nil {
		return id
	}
	return p.run
}

// variables lists the names of the environment's variables.
func variables() []string {
	var list []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		list = append(list, name)
	}
	return list
}

// underTest reports whether this is a test binary: nobody's training.
func underTest() bool {
	return flag.Lookup("test.v") != nil || strings.HasSuffix(os.Args[0], ".test") || strings.HasSuffix(os.Args[0], ".test.exe")
}

func crashName(pid int) string { return "crash-" + strconv.Itoa(pid) + "-go.json" }
