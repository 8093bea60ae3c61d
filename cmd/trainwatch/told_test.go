package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// TestHomeThatHangs: the program's start waits a second for it, no longer, and
// a yes that was said cannot outweigh a no that could not be read.
func TestHomeThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make(chan struct{})
		vars := map[string]string{
			"HOME": "/nfs/home", "TRAINWATCH_INTERVAL": "7s", "TRAINWATCH_TELEMETRY": "on",
			"TRAINWATCH_POSTHOG_KEY": "phc_test", "TRAINWATCH_HOME": "/nfs/state",
		}
		env := &environment{
			now: time.Now, environ: func() []string { return nil },
			lookup: func(name string) (string, bool) {
				if name == "XDG_CONFIG_HOME" { // the first step towards the files
					<-answers
				}
				v, ok := vars[name]
				return v, ok
			},
		}
		began := time.Now()
		k := env.read()
		if waited := time.Since(began); waited != homePatience {
			t.Errorf("waited %v", waited)
		}
		switch {
		case k.err != nil || !k.blind:
			t.Errorf("%+v", k)
		case k.decision.Mode != consent.Off || k.decision.Warning == "":
			t.Errorf("telemetry is %+v", k.decision)
		case k.settings.Interval != 7*time.Second || k.settings.Home != "/nfs/state":
			t.Errorf("the variables no longer count: %+v", k.settings)
		}
		close(answers)
	})
}
