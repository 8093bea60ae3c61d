package event

import (
	"fmt"
	"io"
	"strings"

	"github.com/trainwatch/trainwatch/internal/public"
)

// Markdown writes the table as it stands in the privacy page.
func Markdown(w io.Writer) error {
	var b strings.Builder
	head := func(title, words string) {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", title, words)
		b.WriteString("| property | type | unit | events | why | admits | example |\n|---|---|---|---|---|---|---|\n")
	}
	section := func(title, words string, defs []*def) {
		head(title, words)
		for _, d := range defs {
			row(&b, d, "", d.events)
		}
	}
	columns := func(title, words string, of *def) {
		head(title, words)
		for _, d := range of.columns() {
			row(&b, d, of.name+".", of.events)
		}
	}
	b.WriteString("## Every property\n\n")
	b.WriteString("Generated from the table that the program itself uses. What is not listed here cannot be sent; what is unknown is absent, never 0.\n")
	section("On every event", "Who sends, in numbers, and PostHog's own guards switched on.", commonTable())
	section("The machine", "Its size and kind, never its name.", systemTable())
	section("The training", "How it is laid out; settings that are numbers, yes or no, or public names.", startTable())
	section("Progress", "Over the time since the last report; in `train_end` over the whole run.", progressTable())
	columns("Rows of `gpus`", "One for each device.", GPUs.d)
	section("The end", "How the run ended and what it took.", endTable())
	section("Failures", "Class, public names, numbers. Never a message, a path, a value.", crashTable())
	columns("Exceptions of `$exception_list`", "The caught one first, then its causes; of each stack the outermost frame first. All of it is made by the program itself: what it does not know is one of the words in angle brackets.", &exceptionList)
	section("Features and operations", "What of a program is used. A program that embeds trainwatch declares its own in its source; `trainwatch telemetry schema` lists what the command knows.", usageTable())
	section("Versions of packages", "Only these packages, only a version: "+packageList()+".", []*def{packageDef("torch")})
	section("Added by PostHog's library", "Checked like everything else just before the network.", sdkTable())
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("event: writing the schema: %w", err)
	}
	return nil
}

func packageList() string {
	var names []string
	for _, p := range public.Packages() {
		names = append(names, "`"+packageDef(p).name+"`")
	}
	return strings.Join(names, ", ")
}

func row(b *strings.Builder, d *def, prefix string, in on) {
	events := "all"
	if in != onAll {
		events = "`" + strings.Join(in.names(), "` `") + "`"
	}
	admits := d.admitted()
	if len(d.values) > 0 && d.always == "" {
		words := "`" + strings.Join(d.values, "` `") + "`"
		if admits != "" {
			words += ", " + admits
		}
		admits = words
	}
	cells := []string{
		"`" + prefix + d.name + "`", typeName(d), d.unit, events, d.why, admits, "`" + d.example + "`",
	}
	for i, c := range cells {
		if !strings.Contains(c, "`") {
			c = strings.ReplaceAll(c, "<", "&lt;") // no tag of the page's
		}
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
