//go:build linux

package python_test

import (
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/steps"
)

// A torch of three files: what of it we touch.
var fakeTorch = map[string]string{
	"torch/__init__.py":       "import torch.version\nimport torch.optim.optimizer\nimport torch.compiler\nlearning = [True]\ndef is_grad_enabled(): return learning[0]\n",
	"torch/version.py":        "__version__ = '2.5.1+cpu'\n",
	"torch/compiler.py":       "def is_dynamo_compiling(): return False\n",
	"torch/optim/__init__.py": "",
	"torch/utils/__init__.py": "", "torch/utils/data/__init__.py": "",
	"torch/utils/data/dataloader.py": `
class _BaseDataLoaderIter:
    def __init__(self, data): self.data = iter(data)
    def __iter__(self): return self
    def __next__(self):
        "the next batch"
        return self._next_data()
    def _next_data(self): return next(self.data)()
`,
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

// What a loop waits for its data is told apart from its steps, and a pass with
// gradients off is an evaluation.
func TestLoader(t *testing.T) {
	eachPython(t, "3.8", func(t *testing.T, interpreter string) {
		s := newSetting(t, interpreter)
		for file, text := range fakeTorch {
			s.file(t, file, text)
		}
		s.file(t, "main.py", `
import time, torch
from torch.optim.optimizer import SGD
from torch.utils.data.dataloader import _BaseDataLoaderIter as Loader
a = SGD(0.5)
a.step()
def fetch():
    time.sleep(0.02)
    return 5
class Own(Loader):
    def __next__(self): return super().__next__()
for kind in (Loader, Own):
    for batch in kind([fetch] * 3):
        assert batch == 5
        a.step()
    torch.learning[0] = False
    assert list(kind([fetch] * 2)) == [5, 5]
    torch.learning[0] = True
assert next(Loader([]), None) is None
try: next(Loader([]))
except StopIteration as e: assert e.value is None
`)
		r := s.watched(t, "main.py")
		if r.status != "exit status 0" || r.stderr != "" {
			t.Fatalf("%+v", r)
		}
		d := s.drain(t, r)
		if got, want := kinds(d), "sPpsPpsPpsPpPpsPpsPpsPp"; got != want {
			t.Errorf("records %s, want %s", got, want)
		}
		h := d.Header
		if h.Steps != 7 || h.Phase[steps.DataWait] < 6*20*time.Millisecond || h.Phase[steps.Eval] < 4*20*time.Millisecond {
			t.Errorf("%d steps, phases %v", h.Steps, h.Phase)
		}
	})
}

// A dataset sees no function of ours, neither on its stack nor in the traceback
// of its exception; and who looks at the class finds what was there.
func TestLoaderIsNotSeen(t *testing.T) {
	for name, program := range map[string]string{
		"an exception":           "def fetch(): raise ValueError('row')\nnext(Loader([fetch]))",
		"an exception, caught":   "def fetch(): raise ValueError('row')\ntry: next(Loader([fetch]))\nexcept ValueError: traceback.print_exc()",
		"one in a chain":         "def fetch():\n    try: {}[1]\n    except KeyError: raise ValueError('row')\nfor x in Loader([fetch]): pass",
		"the stack":              "def fetch(): traceback.print_stack()\nfor x in Loader([fetch] * 2): pass",
		"the end":                "try: next(Loader([]))\nexcept StopIteration: print('end')",
		"the class":              "n = Loader.__next__\nprint(n.__name__, n.__qualname__, n.__module__, n.__doc__, inspect.getsource(n), inspect.signature(n))",
		"an iterator's method":   "print(inspect.getsource(Loader.__next__), callable(Loader([]).__next__), Loader([lambda: 3]).__next__())",
		"another thread":         "import threading\ndef work(): print(list(Loader([lambda: 1, lambda: 2])))\nt = threading.Thread(target=work); t.start(); t.join()",
		"a class of its own":     "class Own(Loader):\n    def __next__(self): return super().__next__() + 1\nprint(list(Own([lambda: 1])))",
		"a deleted iterator":     "import weakref\nl = Loader([lambda: 1])\nnext(l); w = weakref.ref(l); del l; print(w())",
		"recursion in a dataset": "def fetch(): return list(Loader([lambda: 7]))\nprint(list(Loader([fetch])))",
	} {
		t.Run(name, func(t *testing.T) {
			eachPython(t, "3.8", func(t *testing.T, interpreter string) {
				s := newSetting(t, interpreter)
				for file, text := range fakeTorch {
					s.file(t, file, text)
				}
				s.file(t, "main.py", "import inspect, traceback\nimport torch\nfrom torch.utils.data.dataloader import _BaseDataLoaderIter as Loader\ntorch.optim.optimizer.SGD(0.5).step()\n"+program+"\n")
				same(t, s, "main.py")
			})
		})
	}
}
