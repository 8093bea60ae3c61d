// Package fake builds an NVML library for tests: a real shared object, loaded
// by the real loader through the real bindings, that says what a script says.
//
// The library is C and has no knowledge of trainwatch; see the head of its
// source for the script's words. Without a script it is one idle H200. A
// process loads one NVML for its whole life, so every variant needs a process
// of its own.
package fake

import (
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

// Build compiles the library into dir with the C compiler cc, about 0.3 s, and
// returns its path. It has no symbol of the names in missing.
func Build(dir string, missing ...string) (library string, err error) {
	code := filepath.Join(dir, "fakenvml.c")
	if err := os.WriteFile(code, source, 0o600); err != nil {
		return "", fmt.Errorf("fake: write the source: %w", err)
	}
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
	cc := exec.Command("cc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared",
		"-Wl,--version-script="+exports, "-Wl,-soname,libnvidia-ml.so.1",
		"-o", library, code, "-lpthread")
	if out, err := cc.CombinedOutput(); err != nil {
		return "", fmt.Errorf("fake: compile: %w\n%s", err, out)
	}
	return library, nil
}
