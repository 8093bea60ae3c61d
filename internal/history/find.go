package history

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/trainwatch/trainwatch/internal/identity"
)

// ErrNoRun is what Find's error wraps where nothing matches.
var ErrNoRun = errors.New("no such run")

// AmbiguousError says that several runs go by the same name.
type AmbiguousError struct {
	Ref  string
	Runs []Run // newest first
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("history: find %q: %d runs match", e.Ref, len(e.Runs))
}

// Find returns the run that ref means, the first of these that matches any:
//
//   - last, last~1, …: by their start, attempts counted
//   - a run id, for its newest attempt, or with ".2" behind it for the second,
//     ".1" for the first
//   - job:ID, the scheduler's id of the job
//   - a short id (see ShortID), likewise
//   - the name it was given, and then the local name that TRAINWATCH_RUN_ID had
//   - the beginning of a run id, 8 characters or more
//   - a file that `show --json` wrote; before all of these where ref has a path
//     separator in it or ends in .json
//
// Several attempts of one run are one run: the newest. Several runs are an
// *AmbiguousError, no run is ErrNoRun.
func Find(home, ref string) (Run, error) {
	asPath := strings.ContainsRune(ref, filepath.Separator) || strings.Contains(ref, "/") || strings.HasSuffix(ref, ".json")
	if asPath {
		if r, err := fromFile(ref); !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
	}
	runs, err := List(home)
	if err != nil {
		return Run{}, err
	}
	r, err := pick(runs, ref)
	if id, ok := identity.KnownRunID(home, ref); ok && errors.Is(err, ErrNoRun) {
		r, err = pick(runs, id.String())
	}
	if errors.Is(err, ErrNoRun) && !asPath && ref != "" {
		if file, fileErr := fromFile(ref); !errors.Is(fileErr, fs.ErrNotExist) {
			return file, fileErr
		}
	}
	if err != nil {
		return Run{}, err
	}
	return reload(r), nil
}

func pick(runs []Run, ref string) (Run, error) {
	if n, ok := last(ref); ok {
		if n >= len(runs) {
			return Run{}, fmt.Errorf("history: find %q among %d runs: %w", ref, len(runs), ErrNoRun)
		}
		return runs[n], nil
	}
	stem, attempt := cutAttempt(ref)
	for _, means := range []func(Run) bool{
		func(r Run) bool {
			return r.Record.Attempt == attempt && strings.EqualFold(hexDigits(stem), hexDigits(r.Record.RunID))
		},
		func(r Run) bool {
			return r.Record.Attempt == attempt && strings.EqualFold(stem, ShortID(r.Record.RunID))
		},
		func(r Run) bool { return strings.EqualFold(hexDigits(ref), hexDigits(r.Record.RunID)) },
		func(r Run) bool {
			job, ok := strings.CutPrefix(ref, "job:")
			return ok && job != "" && job == r.Record.Job
		},
		func(r Run) bool { return strings.EqualFold(ref, ShortID(r.Record.RunID)) },
		func(r Run) bool { return ref != "" && ref == r.Record.Name },
		func(r Run) bool { return startsID(r.Record.RunID, ref) },
	} {
		var match []Run
		for _, r := range runs {
			same := func(m Run) bool { return m.Record.RunID == r.Record.RunID }
			if means(r) && !slices.ContainsFunc(match, same) {
				match = append(match, r)
			}
		}
		switch len(match) {
		case 0:
		case 1:
			return match[0], nil
		default:
			return Run{}, &AmbiguousError{Ref: ref, Runs: match}
		}
	}
	return Run{}, fmt.Errorf("history: find %q among %d runs: %w", ref, len(runs), ErrNoRun)
}

// cutAttempt takes the number of an attempt off an id, 0 where there is none.
func cutAttempt(ref string) (stem string, attempt int) {
	stem, number, _ := strings.Cut(ref, ".")
	attempt, err := strconv.Atoi(number)
	if err != nil || attempt < 1 {
		return ref, 0
	}
	return stem, attempt
}

// last reads "last" and "last~N".
func last(ref string) (int, bool) {
	rest, ok := strings.CutPrefix(ref, "last")
	if !ok || rest == "" {
		return 0, ok
	}
	back, ok := strings.CutPrefix(rest, "~")
	n, err := strconv.Atoi(back)
	if !ok || err != nil || n < 0 {
		return 0, false
	}
	return n, true
}

// startsID also takes the digits from the second random part of a uuid v7, for
// those who skip the part that some generators fill with microseconds.
func startsID(runID, ref string) bool {
	ref = strings.ToLower(hexDigits(ref))
	digits := hexDigits(runID)
	return len(ref) >= 8 && (strings.HasPrefix(digits, ref) || strings.HasPrefix(digits[16:], ref))
}

// fromFile reads what `show --json` wrote.
func fromFile(path string) (Run, error) {
	f, err := openGiven(path)
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return Run{}, fmt.Errorf("history: no file has so long a name: %w", fs.ErrNotExist)
	}
	if err != nil {
		return Run{}, fmt.Errorf("history: open: %w", err)
	}
	defer f.Close()
	b, err := readOpen(f, maxJSON, nil)
	if err != nil {
		return Run{}, fmt.Errorf("history: %w", err)
	}
	var r Run
	whole := shown{Record: &r.Record, Blocks: &r.blocks, System: &r.Meta.System}
	if err := decodeJSON(b, &whole); err != nil {
		return Run{}, fmt.Errorf("history: read %s: %w", path, err)
	}
	if r.Record.RunID == "" {
		return Run{}, fmt.Errorf("history: read %s: it holds no run; `trainwatch show --json` writes such files", path)
	}
	system := r.Meta.System
	r.Meta = r.Record.meta()
	r.Meta.System = system
	if r.blocks != nil {
		r.blocks.List = slices.DeleteFunc(r.blocks.List, func(b StepBlock) bool { return !b.sound() })
	}
	return r, nil
}

// shown is what a file from `show --json` has beside the record.
type shown struct {
	*Record
	Blocks **StepBlocks    `json:"step_blocks"`
	System *map[string]any `json:"system"`
}
