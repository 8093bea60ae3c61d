package consent

import (
	"fmt"
	"strings"
	"time"
)

// The notice fits a screen of 80×24 with the count-down below it.
const (
	noticeWidth = 79
	noticeLines = 23
	// maxOwnLines is how many lines an embedding program may add.
	maxOwnLines = 5
)

// NoticeInfo is what a notice is about.
type NoticeInfo struct {
	Recipient Recipient
	Wait      time.Duration // how long the start is held back; 0 for not at all
	App       string        // the embedding program's name; "" for trainwatch itself
	Lines     []string      // an embedding program's own words, at most 5 lines
	Privacy   string        // URL of an embedding program's privacy page; "" for none
}

// NoticeText returns the notice: what is collected, what never is, to whom it
// goes, how to see it and how to say yes or no for good. It is plain text of at
// most 23 lines and 79 columns, ends in a newline, and whatever stands in info
// adds neither control characters nor lines beyond that.
func NoticeText(info NoticeInfo) string {
	who := "trainwatch"
	if info.App != "" {
		who = quote(info.App) + " (through trainwatch)"
	}
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	const does, about = " sends figures", " about training runs, unless you say no."
	if len([]rune(who+does+about)) <= noticeWidth {
		say("%s", who+does+about)
	} else { // the sentence to be read whole
		say("%s", who+does)
		say("%s", strings.TrimSpace(about))
	}
	say("")
	say("  Sent:   machine and GPU model, memory, step times, throughput, loss, peaks of")
	say("          memory and GPU use, versions of public libraries, how the run ended,")
	say("          with a random id of this installation.")
	say("  Never:  your code, data, paths, commands, names of files, hosts or users,")
	say("          messages of errors: no text that you or your machine chose.")
	say("  To:     %s", quoteWide(info.Recipient.URL()))
	if key := strings.TrimSpace(info.Recipient.Key); key != "" {
		what := "PostHog project"
		if info.Recipient.Sink == Segment {
			what = "Segment source"
		}
		say("          %s %s", what, shortKey(key))
	}
	for _, own := range info.Lines[:min(len(info.Lines), maxOwnLines)] {
		say("  %s", quoteWide(own))
	}
	if info.Privacy != "" {
		say("  Privacy: %s", quoteWide(info.Privacy))
	}
	say("")
	say("  Every event, before any is sent:  trainwatch telemetry preview")
	say("  Yes or no, for good:              trainwatch telemetry on   (or: off)")
	say("                                    or set TRAINWATCH_TELEMETRY=on   (or: off)")
	say("")
	if info.Wait > 0 {
		say("The run starts in %d seconds; without an answer telemetry is on for this run.", wholeSeconds(info.Wait))
	} else {
		say("Without an answer telemetry is on for this run.")
	}
	for i, line := range lines {
		lines[i] = cut(line)
	}
	return strings.Join(lines, "\n") + "\n"
}

// quoteWide is quote for what may be as long as a line.
func quoteWide(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, s)
}

func cut(line string) string {
	if runes := []rune(line); len(runes) > noticeWidth {
		return string(runes[:noticeWidth-1]) + "…"
	}
	return line
}

// shortKey is enough to recognise a project by. The key is public, but there is
// no use in a screen full of it.
func shortKey(key string) string {
	const shown = 12
	if len(key) <= shown {
		return quote(key)
	}
	return quote(key[:shown]) + "…"
}

func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
