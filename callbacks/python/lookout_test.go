//go:build linux

package python_test

import (
	"testing"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// A torch of three files: what of it we touch.
var fakeTorch = map[string]string{
	"torch/__init__.py":       "import torch.version\nimport torch.optim.optimizer\nimport torch.compiler\n",
	"torch/version.py":        "__version__ = '2.5.1+cpu'\n",
	"torch/compiler.py":       "def is_dynamo_compiling(): return False\n",
	"torch/optim/__init__.py": "",
	"torch/optim/optimizer.py": `
hooks = []
def register_optimizer_step_post_hook(hook): hooks.append(hook)
class SGD:
    def __init__(self, lr): self.param_groups = [{"lr": lr, "params": []}]
    def step(self):
        for hook in hooks: hook(self, (), {})
`,
}

// A process that imports torch and steps is seen, with a setting file beside
// its page; which of two optimizers is the loop's, and whose word counts.
func TestOptimizerSteps(t *testing.T) {
	for name, c := range map[string]struct {
		program string
		steps   uint64
		source  steps.Source
		rate    float64
	}{
		"one":          {"a = SGD(0.5)\nfor i in range(7): a.step()", 7, steps.SourceTorch, 0.5},
		"two in turns": {"a, b = SGD(0.5), SGD(0.1)\nfor i in range(7): a.step(); b.step()", 7, steps.SourceTorch, 0.5},
		"one is gone":  {"a = SGD(0.5)\nfor i in range(7): a.step()\ndel a\nb = SGD(0.1)\nfor i in range(3): b.step()", 10, steps.SourceTorch, 0.1},
		"one falls behind": {
			"a, b = SGD(0.5), SGD(0.1)\na.step()\nfor i in range(100): b.step()", 1 + 100 - 63, steps.SourceTorch, 0.1,
		},
		"by hand as well": {"import trainwatch\na = SGD(0.5)\nfor i in range(7): a.step(); trainwatch.step(lr=0.25)", 7, steps.SourcePython, 0.25},
		"by hand before":  {"import trainwatch\na = SGD(0.5)\nfor i in range(7): trainwatch.step(lr=0.25); a.step()", 7, steps.SourcePython, 0.25},
		"phases by hand":  {"import trainwatch\na = SGD(0.5)\nfor i in range(7):\n    a.step()\n    with trainwatch.phase('eval'): pass", 7, steps.SourceTorch, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				for file, text := range fakeTorch {
					s.file(t, file, text)
				}
				s.file(t, "main.py", "import torch\nfrom torch.optim.optimizer import SGD\n"+c.program+"\n")
				r := s.watched(t, "main.py")
				if r.status != "exit status 0" || r.stderr != "" || r.stdout != "" {
					t.Fatalf("%+v", r)
				}
				h := s.drain(t, r).Header
				if h.Steps != c.steps || h.Source != c.source || h.LearningRate != c.rate {
					t.Errorf("%d steps of %v at %v, want %d of %v at %v", h.Steps, h.Source, h.LearningRate, c.steps, c.source, c.rate)
				}
				if files := s.left(t, "settings-*.json"); len(files) != 1 {
					t.Errorf("settings %q, want one file", files)
				}
			})
		})
	}
}
