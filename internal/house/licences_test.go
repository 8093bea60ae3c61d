package house_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/licensecheck"
)

// allowed are licences that ask for attribution at most.
var allowed = []string{"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "ISC", "MPL-2.0", "Unlicense", "CC0-1.0"}

// TestLicences looks at the licence text of every module that our binary or
// our tests are built from.
func TestLicences(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-test", "-json=Module", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			dirs[p.Module.Path] = p.Module.Dir
		}
	}
	if len(dirs) < 10 {
		t.Fatalf("found only %d modules: the listing is broken", len(dirs))
	}
	for path, dir := range dirs {
		files, _ := filepath.Glob(filepath.Join(dir, "LICEN[CS]E*"))
		more, _ := filepath.Glob(filepath.Join(dir, "COPYING*"))
		found := false
		for _, file := range append(files, more...) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range licensecheck.Scan(text).Match {
				found = true
				if !slices.Contains(allowed, m.ID) {
					t.Errorf("%s is under %s (%s)", path, m.ID, filepath.Base(file))
				}
			}
		}
		if !found {
			t.Errorf("%s: no licence found", path)
		}
	}
}
