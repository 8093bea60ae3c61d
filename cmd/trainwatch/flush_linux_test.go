package main

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestFlushOnATerminal shows how far it is, and leaves a summary alone.
func TestFlushOnATerminal(t *testing.T) {
	t.Parallel()
	server := capture.Start(t)
	w := newWorld(t).recipient(server.URL()).set("TRAINWATCH_TELEMETRY", "on", "TERM", "xterm")
	for range 3 {
		w.must("runs")
	}
	flush := func() (string, int) {
		keyboard, screen, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer keyboard.Close()
		if err := pty.Setsize(screen, &pty.Winsize{Rows: 24, Cols: 60}); err != nil {
			t.Fatal(err)
		}
		cmd := w.command("telemetry", "flush")
		var stdout bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, screen
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		screen.Close()
		shown, _ := io.ReadAll(keyboard) // ends with an error once nobody holds the screen
		_ = cmd.Wait()
		if stdout.Len() > 0 {
			t.Errorf("on stdout: %q", stdout.String())
		}
		return string(shown), cmd.ProcessState.ExitCode()
	}

	server.Answer(capture.Refuse(http.StatusServiceUnavailable))
	shown, status := flush()
	if status != 1 || !strings.Contains(shown, "\r░") || !strings.Contains(shown, "0 of 3 events") || !strings.Contains(shown, "left 3") {
		t.Errorf("exit %d: %q", status, shown)
	}
	server.Answer(capture.Confirm())
	shown, status = flush()
	if status != 0 || !strings.Contains(shown, "3 of 3 events") || strings.Contains(shown, "░") {
		t.Errorf("exit %d: %q", status, shown)
	}
	// What is left to be seen at the end.
	if last := shown[strings.LastIndex(shown, "\x1b[K")+len("\x1b[K"):]; !strings.HasPrefix(last, "delivered 3 events in ") || strings.Count(last, "\n") != 1 {
		t.Errorf("at the end: %q", last)
	}
}

// TestFlushElsewhere says the same without drawing.
func TestFlushElsewhere(t *testing.T) {
	t.Parallel()
	server, other := capture.Start(t), capture.Start(t)
	w := newWorld(t).set("TRAINWATCH_TELEMETRY", "on")
	w.recipient(other.URL()).must("runs")
	w.recipient(server.URL()).must("runs")
	server.Down()
	if _, errs, status := w.cli("telemetry", "flush"); status != 1 || !strings.Contains(errs, "left 1") || !strings.Contains(errs, "could not be delivered") {
		t.Errorf("exit %d: %q", status, errs)
	}
	if err := server.Up(); err != nil {
		t.Fatal(err)
	}
	out, errs, status := w.cli("telemetry", "flush")
	if status != 0 || out != "" || !strings.HasPrefix(errs, "delivered 1 event in ") || strings.ContainsAny(errs, "\r\x1b█") {
		t.Errorf("exit %d: %q, %q", status, out, errs)
	}
	if !strings.Contains(errs, "1 event for another recipient") || len(other.Events()) > 0 {
		t.Errorf("about the other: %q", errs)
	}
	delete(w.env, "TRAINWATCH_POSTHOG_KEY")
	if _, errs, status := w.cli("telemetry", "flush"); status != 1 || errs == "" {
		t.Errorf("without a key: exit %d: %q", status, errs)
	}
}

func TestProgressLineFitsTheTerminal(t *testing.T) {
	for width := 1; width < 200; width++ {
		for _, c := range [][2]int{{0, 0}, {0, 5}, {3, 2}, {5, 0}, {123_456, 7_890_123}} {
			line := progressLine(c[0], c[1], width)
			if n := len([]rune(line)); n > width-1 || width >= narrowestBar && n < 20 {
				t.Errorf("%v on %d columns: %d: %q", c, width, n, line)
			}
		}
	}
}
