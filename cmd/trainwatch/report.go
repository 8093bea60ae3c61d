package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/trainwatch/trainwatch/internal/history"
	"github.com/trainwatch/trainwatch/internal/view"
)

func newReportCmd(env *environment) *cobra.Command {
	var out string
	var private bool
	cmd := &cobra.Command{
		Use:   "report [RUN...] -o FILE.html",
		Short: "The page of a run as one self-contained file",
		Long: `Write the page that 'trainwatch view' serves as one file: to send to a colleague, or
to keep with the results. It opens from a disk, without a network, and asks
nothing of anybody. Of several runs they are laid over each other.

Names, commands, directories, hosts, messages and stacks are not in it, unless
--include-private is given. RUN is what 'trainwatch show' takes; by default the
last run.`,
		Example: `  trainwatch report -o run.html
  trainwatch report baseline tuned -o both.html
  trainwatch report last --include-private -o mine.html`,
		ValidArgsFunction: env.completeRun(mostReported),
		RunE: func(_ *cobra.Command, args []string) error {
			if out == "" {
				return usageError("report: say where to write it: -o FILE.html, or -o - for standard output")
			}
			return reportRuns(env, args, out, private)
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write to this `file`; - is standard output")
	cmd.Flags().BoolVar(&private, "include-private", false, "with names, commands, directories, hosts, messages and stacks")
	return cmd
}

// mostReported is how many runs the page can tell apart.
const mostReported = 8

func reportRuns(env *environment, refs []string, out string, private bool) error {
	if len(refs) == 0 {
		refs = []string{"last"}
	}
	if len(refs) > mostReported {
		return usageError("report: at most %d runs fit on one page", mostReported)
	}
	var runs []history.Run
	for _, ref := range refs {
		run, err := history.Find(env.home(), ref)
		if err != nil {
			return &exitError{status: exitFailed, err: explainFind(err, ref, env.now())}
		}
		runs = append(runs, run)
	}
	write := func(w io.Writer) error { return view.WriteReport(w, runs, private, versionText(), env.now()) }
	if out == "-" {
		if err := write(env.stdout); err != nil {
			return &exitError{status: exitFailed, err: err}
		}
		return nil
	}
	size, err := writeWhole(out, write)
	if err != nil {
		return &exitError{status: exitFailed, err: fmt.Errorf("report: %w", err)}
	}
	without := "without names, commands and messages (--include-private)"
	if private {
		without = "with names, commands and messages"
	}
	fmt.Fprintf(env.stderr, "%s: %s, %s\n", clean(out), sizeText(size), without)
	return nil
}

func sizeText(n int64) string { return size(uint64(max(n, 0))) }

// writeWhole gives the file its name when it is whole: nobody finds half of it.
func writeWhole(path string, write func(io.Writer) error) (n int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".trainwatch-report-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	b := bufio.NewWriter(f)
	err = errors.Join(write(b), b.Flush(), f.Chmod(0o644))
	info, statErr := f.Stat()
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return 0, err
	}
	return info.Size(), os.Rename(f.Name(), path)
}
