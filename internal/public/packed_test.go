package public_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/public"
)

// TestPackedList unpacks the list with the generator's own reader, and finds all
// of its names, and nothing that lies between two of them.
func TestPackedList(t *testing.T) {
	unpack := exec.CommandContext(t.Context(), "python3", "-B", "-c", `import sys; sys.path.insert(0, "gen"); import libraries
print("\n".join(sorted(w.decode("ascii") for w in libraries.unpack(open("lists/python_functions.packed", "rb").read(), True))))`)
	unpack.Stderr = os.Stderr
	text, err := unpack.Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(text))
	if len(names) < 100_000 || !slices.IsSorted(names) {
		t.Fatalf("%d names", len(names))
	}
	for i := 0; i < len(names); i += 61 { // every block several times, at ever other places
		name := names[i]
		if got, ok := public.PythonFunction(name); !ok || got.String() != name {
			t.Errorf("%q is found as %q", name, got)
		}
		if other := name + "~"; !slices.Contains(names[i:min(i+2, len(names))], other) {
			if got, ok := public.PythonFunction(other); ok {
				t.Errorf("%q is found as %q", other, got)
			}
		}
	}
	for _, name := range []string{names[0], names[63], names[64], names[len(names)-1]} {
		if _, ok := public.PythonFunction(name); !ok {
			t.Errorf("%q is not found", name)
		}
	}
}

func BenchmarkPythonFunction(b *testing.B) {
	for name, look := range map[string]lookup{"packed": public.PythonFunction, "as it lies": public.LibraryModule} {
		for _, in := range []string{"forward", "torch.nn.modules.linear", "hunter2"} {
			b.Run(name+"/"+in, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					look(in)
				}
			})
		}
	}
}
