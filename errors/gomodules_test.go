package errors_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// borrower panics in a public module's function, and says which frames are reported.
const borrower = `package main

import (
	"fmt"

	"github.com/trainwatch/trainwatch/errors"
	"go.uber.org/zap"
)

type teller struct{}

func (teller) Died(r errors.Report, _ errors.Local) {
	for _, f := range r.Exceptions[0].Frames {
		fmt.Println(f.Module, f.Symbol, f.Line > 0)
	}
}

func main() {
	defer func() { recover() }()
	_ = errors.SendErrors(teller{}, "train", func() error { zap.NewNop().Panic("hunter2"); return nil })
}
`

// TestFramesOfModules: functions of a public module are named where the program
// has the module as it was published, and nowhere else.
func TestFramesOfModules(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		prepare []string // a command in the program's directory
		flags   []string
		named   bool
	}{
		"published": {nil, nil, true},
		"trimmed":   {nil, []string{"-trimpath"}, true},
		"replaced":  {[]string{"go", "mod", "edit", "-replace=go.uber.org/zap=./zap"}, nil, false},
		"vendored":  {[]string{"go", "mod", "vendor"}, []string{"-trimpath", "-mod=vendor"}, false},
		"workspace": {[]string{"go", "work", "init", ".", "./zap"}, []string{"-trimpath"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			do := func(name string, arguments ...string) string {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), name, arguments...)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=", "CGO_ENABLED=0")
				var errs bytes.Buffer
				cmd.Stderr = &errs
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%s %v: %v\n%s", name, arguments, err, errs.String())
				}
				return string(out)
			}
			for _, file := range []string{"go.mod", "go.sum"} {
				b, err := os.ReadFile(filepath.Join(root, file))
				if err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(dir, file), b)
			}
			write(t, filepath.Join(dir, "main.go"), []byte(borrower))
			do("go", "mod", "edit", "-module=example.com/hunter2", "-require=github.com/trainwatch/trainwatch@v0.0.0",
				"-replace=github.com/trainwatch/trainwatch="+root)
			var zap struct{ Dir string }
			if err := json.Unmarshal([]byte(do("go", "list", "-mod=mod", "-m", "-json", "go.uber.org/zap")), &zap); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(filepath.Join(dir, "zap"), os.DirFS(zap.Dir)); err != nil {
				t.Fatal(err)
			}
			// Its tests need what is not here.
			write(t, filepath.Join(dir, "zap", "go.mod"), []byte("module go.uber.org/zap\n\ngo 1.21\n\nrequire go.uber.org/multierr v1.10.0\n"))
			do("go", "mod", "tidy", "-e")
			if c.prepare != nil {
				do(c.prepare[0], c.prepare[1:]...)
			}
			do("go", append(append([]string{"build", "-o", "borrower"}, c.flags...), ".")...)
			frames := do("./borrower")
			want := "go.uber.org/zap go.uber.org/zap.(*Logger).Panic true\n"
			if strings.Contains(frames, want) != c.named || strings.Contains(frames, "hunter2") {
				t.Errorf("frames\n%s", frames)
			}
			if !c.named && strings.Contains(frames, "zap") {
				t.Errorf("a changed copy's frames have names:\n%s", frames)
			}
		})
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
