package event

import (
	"strings"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/public"
)

// versionText admits what versions are made of and nothing else: up to five
// numbers with dots, then, each at most once, in this order and with a number,
// one of a, b, rc, then post, then dev (PEP 440's order; dev may go without),
// then one of +cpu, +cuNNN, +rocmN.N. A leading v or go is dropped. Hashes,
// build names, other words and anything of a site's own make it no version.
func versionText(s string) (string, bool) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "go"), "v")
	if len(s) > 40 {
		return "", false
	}
	rest, ok := numbers(s, 5)
	if !ok {
		return "", false
	}
	for _, words := range [...][]string{{"rc", "a", "b"}, {"post"}, {"dev"}} {
		rest = afterStage(rest, words)
	}
	if rest != "" && !localVersion(rest) {
		return "", false
	}
	return s, true
}

// numbers cuts up to n numbers with dots between them off s: at least one.
func numbers(s string, n int) (rest string, ok bool) {
	for i := 0; i < n; i++ {
		after := s
		if i > 0 {
			if after, ok = strings.CutPrefix(s, "."); !ok {
				return s, true
			}
		}
		cut := digits(after, 5)
		if cut == 0 {
			return s, i > 0
		}
		s = after[cut:]
	}
	return s, true
}

// digits counts the digits that s begins with; 0 if there are more than most.
func digits(s string, most int) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n > most {
		return 0
	}
	return n
}

// afterStage cuts one of words with its number off s, or nothing: rc1, .dev20260101,
// -rc.1.
func afterStage(s string, words []string) string {
	stage := strings.TrimPrefix(strings.TrimPrefix(s, "."), "-")
	for _, word := range words {
		if after, ok := strings.CutPrefix(stage, word); ok {
			after = strings.TrimPrefix(after, ".")
			if n := digits(after, 8); n > 0 || word == "dev" {
				return after[n:]
			}
		}
	}
	return s
}

func localVersion(s string) bool {
	if s == "+cpu" {
		return true
	}
	if n, ok := strings.CutPrefix(s, "+cu"); ok {
		return digits(n, 3) == len(n) && len(n) >= 2
	}
	if n, ok := strings.CutPrefix(s, "+rocm"); ok {
		rest, ok := numbers(n, 3)
		return ok && rest == ""
	}
	return false
}

// goVersionText admits a version as runtime.Version gives it, go1.26.8.
func goVersionText(s string) (string, bool) {
	v, ok := versionText(s)
	if !ok || !strings.HasPrefix(s, "go") {
		return "", false
	}
	return "go" + v, true
}

// releaseText admits major.minor, and for the SDK's figure up to four numbers.
func releaseText(s string) (string, bool) {
	rest, ok := numbers(s, 4)
	return s, ok && rest == ""
}

func majorMinorText(s string) (string, bool) {
	rest, ok := numbers(s, 2)
	return s, ok && rest == "" && strings.Contains(s, ".")
}

func uuidText(s string) (string, bool) {
	id, err := parseUUID(s)
	return id.String(), err == nil
}

// parseUUID reads the one usual form of 36 characters and refuses the nil
// uuid, which PostHog takes for nobody.
func parseUUID(s string) (uuid.UUID, error) {
	if len(s) != 36 {
		return uuid.Nil, errUUID
	}
	id, err := uuid.Parse(s)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, errUUID
	}
	return id, nil
}

// appText is the grammar of an embedding program's name.
func appText(s string) (string, bool) { return s, isWord(s, 32, "-_") }

// isWord reports whether s is a lower-case letter followed by lower-case
// letters, digits and the bytes of also: at most n bytes.
func isWord(s string, n int, also string) bool {
	if s == "" || len(s) > n || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(also, c) < 0 {
			return false
		}
	}
	return true
}

// listed makes what a public list finds into what a key admits.
func listed(name public.Name, ok bool) (string, bool) { return name.String(), ok }

func gpuModelText(s string) (string, bool) { return listed(public.GPUModel(s)) }
func distroText(s string) (string, bool)   { return listed(public.Distro(s)) }
func modelText(s string) (string, bool)    { return listed(public.Model(s)) }
func optimizerText(s string) (string, bool) {
	return listed(public.Optimizer(s))
}
