package public_test

import (
	"os"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/public"
)

// FuzzLookups: whatever is asked for, what comes back stands in a list.
func FuzzLookups(f *testing.F) {
	var lists strings.Builder
	for _, name := range []string{"go_packages", "go_error_types", "python_modules", "python_exceptions", "package_exceptions", "packages", "gpu_models", "distros", "models", "optimizers"} {
		text, err := os.ReadFile("lists/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		lists.WriteString("\n" + string(text))
	}
	for _, s := range []string{"net/http", "net/http.(*conn).serve.func1-fm", "KeyError", "sklearn", "NVIDIA H100 PCIe MIG 1g.10gb", "Qwen/alice", "a\nb", "\x00", "os.Open", "go.uber.org/zap.(*Logger).Panic", "gopkg.in/yaml%2ev3.Unmarshal", strings.Repeat("[...]", 99)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, look := range []lookup{
			public.StdPackage, public.GoErrorType, public.PythonException, public.PythonStdModule, public.Package,
			public.GPUModel, public.Distro, public.Model, public.Optimizer,
		} {
			if name, ok := look(s); ok && !strings.Contains(lists.String(), "\n"+name.String()+"\n") {
				t.Errorf("%q brings %q", s, name)
			}
		}
		for _, look := range []lookup{public.StdSymbol, public.GoLibrarySymbol, public.GoLibraryPackage, public.PythonFunction} {
			if name, ok := look(s); ok {
				if again, ok := look(name.String()); !ok || again != name || len(name.String()) > len(s) {
					t.Errorf("%q brings %q", s, name)
				}
			}
		}
	})
}
