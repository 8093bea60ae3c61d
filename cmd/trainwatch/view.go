package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/view"
)

func newViewCmd(env *environment) *cobra.Command {
	var port int
	var noOpen bool
	cmd := &cobra.Command{
		Use:   "view [RUN]",
		Short: "Web page of the runs, live while one is running",
		Long: `Serve a page of the recorded runs to your browser, on this machine only: the list,
one run with its charts, live while it goes on, or several laid over each other.
The address holds a random token, and nobody without it is answered.

It reads the files of the runs and nothing else, and so works on a login node that
shares your home directory with the machine that trains. Over ssh it says how to
bring the page to your own browser. Ctrl-C ends it.

RUN is what 'trainwatch show' takes; by default the page begins with the last run.`,
		Example: `  trainwatch view
  trainwatch view last~1
  trainwatch view --port 8123 --no-open`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: env.completeRun(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if port < 0 || port > 65535 {
				return usageError("--port %d: a port is between 1 and 65535, or 0 for any that is free", port)
			}
			ref := ""
			if len(args) == 1 {
				ref = args[0]
			}
			return viewRuns(cmd.Context(), env, ref, port, noOpen)
		},
	}
	cmd.Flags().IntVar(&port, "port", 0, "listen on this `port` of 127.0.0.1; 0: any that is free")
	cmd.Flags().BoolVar(&noOpen, "no-open", false, "do not open a browser")
	return cmd
}

func viewRuns(ctx context.Context, env *environment, ref string, port int, noOpen bool) error {
	cfg := view.Config{Home: env.home(), Token: view.NewToken(), Telemetry: telemetrySwitch{env}}
	fragment := ""
	if ref != "" {
		run, err := history.Find(cfg.Home, ref)
		if err != nil {
			return &exitError{status: exitFailed, err: explainFind(err, ref, env.now())}
		}
		if run.Dir() == "" {
			cfg.Given = &run
		}
		fragment = "#run=" + view.ID(run)
	}
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("port %d is taken; choose another, or none for any that is free", port)
		}
		return &exitError{status: exitFailed, err: fmt.Errorf("view: %w", err)}
	}
	address := "http://" + listener.Addr().String() + "/" + cfg.Token + "/" + fragment
	fmt.Fprintln(env.stdout, address)
	if line := sshLine(env.lookup, listener.Addr()); line != "" {
		fmt.Fprintf(env.stderr, "on your own machine, and then open the address above:\n  %s\n", line)
	} else if !noOpen {
		defer openBrowser(env, address)()
	}
	fmt.Fprintln(env.stderr, "Ctrl-C ends it")
	if err := view.New(cfg).Serve(ctx, listener); err != nil {
		return &exitError{status: exitFailed, err: fmt.Errorf("view: %w", err)}
	}
	return nil
}

// sshLine is the command that brings the page to a browser at the near end of
// the ssh connection that we are in, "" where we are in none. The address is the
// one that the connection came to: whatever name it went by is not known here.
func sshLine(lookup func(string) (string, bool), at net.Addr) string {
	connection, _ := lookup("SSH_CONNECTION") // client's address and port, server's address and port
	parts := strings.Fields(connection)
	tcp, ok := at.(*net.TCPAddr)
	if len(parts) != 4 || net.ParseIP(parts[2]) == nil || !ok {
		return ""
	}
	to := parts[2]
	if me, err := user.Current(); err == nil && me.Username != "" {
		to = me.Username + "@" + to
	}
	other := ""
	if p, err := strconv.ParseUint(parts[3], 10, 16); err == nil && p != 22 {
		other = fmt.Sprintf("-p %d ", p)
	}
	return fmt.Sprintf("ssh -N %s-L %d:127.0.0.1:%d %s", other, tcp.Port, tcp.Port, to)
}

// openBrowser opens the address in the user's browser and returns what cleans up
// after it. It fails silently: the address was printed. The browser is handed a
// file that only the user can read and that leads to the address, because
// arguments, and so the token, are everybody's to see.
func openBrowser(env *environment, address string) func() {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	} else if !hasDisplay(env.lookup) {
		return func() {}
	}
	opener, err := exec.LookPath(opener)
	if err != nil {
		return func() {}
	}
	dir, err := os.MkdirTemp("", "trainwatch-view-") // 0700
	if err != nil {
		return func() {}
	}
	clean := func() { os.RemoveAll(dir) }
	file := filepath.Join(dir, "open.html")
	text := `<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">` +
		`<meta http-equiv="refresh" content="0;url=` + address + `"><title>trainwatch</title>`
	if os.WriteFile(file, []byte(text), 0o600) != nil {
		return clean
	}
	cmd := exec.Command(opener, file) //nolint:noctx // it may live as long as the browser
	if cmd.Start() == nil {
		go func() { _ = cmd.Wait() }()
	}
	return clean
}

func hasDisplay(lookup func(string) (string, bool)) bool {
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY"} {
		if v, _ := lookup(name); v != "" {
			return true
		}
	}
	return false
}
