//go:build linux

package trainwatch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestForgedLibrary: a package of a public one's name that no distribution has
// brought gives no names, though its files are called as the real ones.
func TestForgedLibrary(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ folder, record, want string }{
		"beside the program":         {"", "", "<app>/<app>"},
		"installed without a RECORD": {"site-packages", "", "numpy/<lib>"},
		"with another's RECORD":      {"site-packages", "numpy-2.4.6.dist-info", "numpy/<lib>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			folder := filepath.Join(w.dir, c.folder)
			source := "def inv(a):\n    raise ValueError('alice')\n"
			files := map[string]string{"numpy/__init__.py": "", "numpy/linalg/__init__.py": "", "numpy/linalg/_linalg.py": source}
			if c.record != "" {
				files[c.record+"/RECORD"] = recordRow("numpy/__init__.py", "") + recordRow("numpy/linalg/_linalg.py", source+"# as it was released\n")
			}
			for name, text := range files {
				path := filepath.Join(folder, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			main := filepath.Join(w.dir, "main.py")
			program := fmt.Sprintf("import sys\nsys.path.insert(0, %q)\nimport numpy.linalg._linalg as l\nl.inv(1)\n", folder)
			if err := os.WriteFile(main, []byte(program), 0o600); err != nil {
				t.Fatal(err)
			}
			w.cli("run", "--quiet", "--", python(t), main)
			e := only(t, w.delivered(server, ourKey), "$exception")
			item, _ := e.Properties["$exception_list"].([]any)[0].(map[string]any)
			frames, _ := item["stacktrace"].(map[string]any)["frames"].([]any)
			last, _ := frames[len(frames)-1].(map[string]any)
			if got := fmt.Sprintf("%v/%v", last["module"], last["function"]); got != c.want || last["lineno"] != nil {
				t.Errorf("%s: %v", got, last)
			}
		})
	}
}
