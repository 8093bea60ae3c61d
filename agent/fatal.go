package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/errors"
	"github.com/trainwatch/trainwatch/internal/event"
	"github.com/trainwatch/trainwatch/internal/identity"
	"github.com/trainwatch/trainwatch/internal/monitor"
	"github.com/trainwatch/trainwatch/internal/settings"
)

const (
	// fatalFolder is where, in the state directory, programs without a wrapper
	// keep the files that their runtime writes.
	fatalFolder = "fatal"
	// maxFatal bounds how many of them a start looks at.
	maxFatal = 64
	// fatalAge is after how long nobody waits for the recipient of a death to be
	// served again.
	fatalAge = 30 * 24 * time.Hour
)

// fatalHeader is the first line of such a file: whose death it would be. It is
// written by us, and what stands in it is checked again when it is read.
type fatalHeader struct {
	V         int       `json:"v"`
	RunID     uuid.UUID `json:"run_id"`
	Attempt   int       `json:"attempt"`
	World     int       `json:"world"`
	Recipient string    `json:"recipient"`
}

// captureFatal has Go's runtime write how the process dies of what no deferred
// call sees. The file is empty until then, and is locked as long as the process
// lives: whoever finds it unlocked finds the dead.
func (a *Agent) captureFatal(p *place) (name string) {
	name, header := a.fatalFile(p)
	if name == "" {
		return ""
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return ""
	}
	defer f.Close() // the runtime has a descriptor of its own then
	err = lockFile(f)
	if err == nil && header != nil {
		_, err = f.Write(append(header, '\n'))
	}
	if err == nil {
		err = debug.SetCrashOutput(f, debug.CrashOptions{})
	}
	if err != nil {
		os.Remove(name)
		return ""
	}
	return name
}

// fatalFile is where the wrapper looks, or the next start of a program that has
// none; "" where nobody would.
func (a *Agent) fatalFile(p *place) (name string, header []byte) {
	pid := strconv.Itoa(os.Getpid())
	if a.pageDir != "" {
		return filepath.Join(a.pageDir, "crash-"+pid+"-go.txt"), nil
	}
	if a.client == nil || p.settings.Home == "" {
		return "", nil
	}
	dir := filepath.Join(p.settings.Home, fatalFolder)
	if os.MkdirAll(dir, 0o700) != nil {
		return "", nil
	}
	header, err := json.Marshal(fatalHeader{V: 1, RunID: p.run, Attempt: p.attempt, World: p.world(), Recipient: a.recipient})
	if err != nil {
		return "", nil
	}
	return filepath.Join(dir, p.run.String()+"-"+pid+".txt"), header
}

// releaseFatal ends what captureFatal began: the process ends well, or has told
// of its death in another way.
func (a *Agent) releaseFatal() {
	if a.fatal != "" {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		os.Remove(a.fatal)
	}
}

// adoptFatal sends what the runtimes of earlier processes left for our recipient.
func (a *Agent) adoptFatal(cfg Config, p *place) {
	d, err := os.Open(filepath.Join(p.settings.Home, fatalFolder))
	if err != nil {
		return
	}
	defer d.Close()
	names, _ := d.Readdirnames(maxFatal) // at the end of it an error, and some names even so
	for _, name := range names {
		a.adopt(cfg, p, filepath.Join(d.Name(), name))
	}
}

func (a *Agent) adopt(cfg Config, p *place, name string) {
	f, err := openFatal(name)
	if err != nil {
		return // a living process's, or none of ours
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return
	}
	lines := bufio.NewReader(io.LimitReader(f, errors.MaxCrashFile))
	var header fatalHeader
	first, _ := lines.ReadBytes('\n')
	if json.Unmarshal(first, &header) != nil || header.V != 1 {
		header.Recipient = ""
	}
	if header.Recipient != a.recipient {
		if time.Since(info.ModTime()) > fatalAge {
			os.Remove(name)
		}
		return
	}
	text, _ := io.ReadAll(lines)
	if crash, ok := errors.DecodeDump(text); ok && a.sendFor(cfg, p, header, crash.Report) || !ok {
		os.Remove(name)
	}
}

// sendFor reports a death of an earlier run, under that run's id. Its numbers
// begin anew: they are another sender's.
func (a *Agent) sendFor(cfg Config, p *place, h fatalHeader, r errors.Report) bool {
	distinct := h.RunID
	if s := p.settings; s.IdentityMode != settings.IdentityRun {
		if id, err := identity.DistinctID(s.Home, s.Recipient.Key); err == nil {
			distinct = id
		}
	}
	app, version := event.NewSchema(string(cfg.App), cfg.AppVersion, declared(cfg)...).App()
	stream := event.NewStream(event.Identity{
		RunID: h.RunID, DistinctID: distinct, Attempt: int64(max(h.Attempt, 1)), Client: event.ClientLibrary,
		Version: monitor.Version, App: app, AppVersion: version, WorldSize: int64(max(h.World, 0)),
	}, time.Now)
	before := a.client.Stats().Accepted
	a.client.Send(stream.New(event.Exception, monitor.ExceptionAttrs(r)...))
	if a.client.Stats().Accepted == before {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), homePatience)
	defer cancel()
	return a.client.Sync(ctx) == nil
}
