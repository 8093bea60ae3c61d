// Package fake builds an NVML library for tests: a real shared object, loaded
// by the real loader through the real bindings, that says what a script says.
//
// The library is C and has no knowledge of trainwatch; see the head of its
// source for the script's words. Without a script it is one idle H200. A
// process loads one NVML for its whole life, so every variant needs a process
// of its own.
package fake

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed testdata/fakenvml.c
var source []byte

// ScriptVariable is the environment variable with the script's path.
const ScriptVariable = "FAKE_NVML_SCRIPT"

// Build compiles the library into dir with the C compiler cc, about half a
// second, and returns its path. It has no symbol of the names in missing.
func Build(dir string, missing ...string) (library string, err error) {
	object, err := Compile(dir)
	if err != nil {
		return "", err
	}
	return object.Link(dir, missing...)
}

// Object is the library compiled but not linked.
type Object struct{ path string }

// Compile makes an Object in dir, for many variants of the library.
func Compile(dir string) (Object, error) {
	code, object := filepath.Join(dir, "fakenvml.c"), filepath.Join(dir, "fakenvml.o")
	if err := os.WriteFile(code, source, 0o600); err != nil {
		return Object{}, fmt.Errorf("fake: write the source: %w", err)
	}
	cc := exec.CommandContext(context.Background(), "cc", "-Wall", "-Wextra", "-Werror", "-fPIC", "-c", "-o", object, code)
	if out, err := cc.CombinedOutput(); err != nil {
		return Object{}, fmt.Errorf("fake: compile: %w\n%s", err, out)
	}
	return Object{object}, nil
}

// Link makes a library in dir that has no symbol of the names in missing, and
// returns its path.
func (o Object) Link(dir string, missing ...string) (library string, err error) {
	exports := filepath.Join(dir, "fakenvml.map")
	var script strings.Builder
	script.WriteString("{ global: nvml*; local: ")
	for _, name := range missing {
		script.WriteString(name + "; ")
	}
	script.WriteString("fake*; };\n")
	if err := os.WriteFile(exports, []byte(script.String()), 0o600); err != nil {
		return "", fmt.Errorf("fake: write the list of symbols: %w", err)
	}
	library = filepath.Join(dir, "libnvidia-ml.so.1")
	cc := exec.CommandContext(context.Background(), "cc", "-shared", "-Wl,--version-script="+exports,
		"-Wl,-soname,libnvidia-ml.so.1", "-o", library, o.path, "-lpthread")
	if out, err := cc.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fake: link: %w\n%s", err, out)
	}
	return library, nil
}
