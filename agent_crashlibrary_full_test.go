//go:build full && linux

package trainwatch_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/capture"
)

// TestRealLibraryFailure: a failure deep in numpy or torch, as pip installed them,
// is told with their functions and with the lines that Python prints.
func TestRealLibraryFailure(t *testing.T) {
	t.Parallel()
	venv := os.Getenv("TRAINWATCH_TEST_FRAMEWORKS")
	if venv == "" {
		t.Fatal("TRAINWATCH_TEST_FRAMEWORKS names no virtual environment: run make test-full")
	}
	for _, c := range []struct{ name, program, types, least string }{
		{"numpy", "import numpy\nnumpy.linalg.inv(numpy.zeros((2, 2)))", "numpy.linalg.LinAlgError", "numpy.linalg._linalg/inv"},
		{"numpy, by its own word", "import numpy\nnumpy.concatenate([numpy.vstack([[1], [2, 3]])])", "ValueError", "numpy._core.shape_base/vstack"},
		{"torch", "import torch\ntorch.nn.Sequential(torch.nn.Linear(3, 4))(torch.zeros(2, 5))", "RuntimeError", "torch.nn.modules.linear/forward"},
		{"torch, an optimizer", "import torch\ntorch.optim.AdamW([], lr=0.1)", "ValueError", "torch.optim.optimizer/__init__"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server := capture.Start(t)
			w := newWorld(t).sending(server, ourKey)
			main := filepath.Join(w.dir, "hunter2.py")
			if err := os.WriteFile(main, []byte("def alice():\n    exec("+fmt.Sprintf("%q", c.program)+")\nalice()\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			r := w.cli("run", "--quiet", "--", filepath.Join(venv, "bin", "python"), main)
			events := w.delivered(server, ourKey)
			e := only(t, events, "$exception")
			item, _ := e.Properties["$exception_list"].([]any)[0].(map[string]any)
			if item["type"] != c.types || r.status != 1 {
				t.Errorf("type %v, exit %d\n%s", item["type"], r.status, r.stderr)
			}
			stack, _ := item["stacktrace"].(map[string]any)
			frames, _ := stack["frames"].([]any)
			var got []string
			for _, one := range frames {
				f, _ := one.(map[string]any)
				if f["in_app"] == (f["module"] != "<app>") {
					t.Errorf("in_app: %v", f)
				}
				got = append(got, fmt.Sprintf("%v/%v:%v", f["module"], f["function"], f["lineno"]))
			}
			if printed := printedFrames(r.stderr); strings.Join(got, "\n") != strings.Join(printed, "\n") {
				t.Errorf("sent:\n%s\nprinted:\n%s", strings.Join(got, "\n"), strings.Join(printed, "\n"))
			}
			if !strings.Contains(strings.Join(got, "\n"), c.least+":") {
				t.Errorf("no frame in %s: %q", c.least, got)
			}
			if raw := string(e.Raw); strings.Contains(raw, "alice") || strings.Contains(raw, "hunter2") || strings.Contains(raw, "site-packages") {
				t.Errorf("%s", raw)
			}
		})
	}
}

var printedFrame = regexp.MustCompile(`^  File "(.*)", line (\d+), in (\S+)$`)

// printedFrames are the frames of the last traceback that Python printed, as they
// are to be sent: the library's by module, function and line.
func printedFrames(stderr string) (list []string) {
	lines := bufio.NewScanner(strings.NewReader(stderr))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "Traceback ") {
			list = nil
		}
		m := printedFrame.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		_, file, found := strings.Cut(m[1], "/site-packages/")
		if !found {
			list = append(list, "<app>/<app>:<nil>")
			continue
		}
		module := strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(file, ".py"), "/__init__"), "/", ".")
		list = append(list, fmt.Sprintf("%s/%s:%s", module, m[3], m[2]))
	}
	return list
}
