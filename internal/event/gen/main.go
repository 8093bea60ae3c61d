// Command gen writes the generated part of the privacy page: all that follows
// the mark in docs/privacy.md. What stands before it is written by hand.
//
// Run it by "go generate ./internal/event".
package main

import (
	"bytes"
	"log"
	"os"

	"github.com/trainwatch/trainwatch/internal/event"
)

const page = "../../docs/privacy.md"

// mark is the line that the generated part follows.
const mark = "<!-- What follows is generated: go generate ./internal/event -->\n"

func main() {
	log.SetFlags(0)
	text, err := os.ReadFile(page)
	if err != nil {
		log.Fatalf("gen: reading the privacy page: %v", err)
	}
	head, _, ok := bytes.Cut(text, []byte(mark))
	if !ok {
		log.Fatalf("gen: %s lacks the line %s", page, mark)
	}
	out := bytes.NewBuffer(head)
	out.WriteString(mark + "\n")
	if err := event.Markdown(out); err != nil {
		log.Fatalf("gen: %v", err)
	}
	if err := os.WriteFile(page, out.Bytes(), 0o644); err != nil {
		log.Fatalf("gen: writing the privacy page: %v", err)
	}
}
