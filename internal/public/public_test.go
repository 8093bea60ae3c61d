package public_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trainwatch/trainwatch/internal/public"
)

type lookup func(string) (public.Name, bool)

func TestLookups(t *testing.T) {
	for _, c := range []struct {
		name string
		look lookup
		in   string
		want string // "": not found
	}{
		{"package", public.StdPackage, "net/http", "net/http"},
		{"first package", public.StdPackage, "archive/tar", "archive/tar"},
		{"last package", public.StdPackage, "weak", "weak"},
		{"internal package", public.StdPackage, "internal/poll", "internal/poll"},
		{"no package", public.StdPackage, "example.com/acme", ""},
		{"two packages", public.StdPackage, "net\nnet/http", ""},
		{"beginning of a package", public.StdPackage, "net/htt", ""},
		{"more than a package", public.StdPackage, "net/http2secret", ""},
		{"nothing", public.StdPackage, "", ""},

		{"module", public.GoLibraryPackage, "go.uber.org/zap", "go.uber.org/zap"},
		{"module's package", public.GoLibraryPackage, "gonum.org/v1/gonum/mat", "gonum.org/v1/gonum/mat"},
		{"no module", public.GoLibraryPackage, "example.com/acme", ""},
		{"module's function", public.GoLibrarySymbol, "go.uber.org/zap.NewExample", "go.uber.org/zap.NewExample"},
		{"module's method", public.GoLibrarySymbol, "go.uber.org/zap.(*Logger).Panic", "go.uber.org/zap.(*Logger).Panic"},
		{"module's closure", public.GoLibrarySymbol, "gonum.org/v1/gonum/mat.(*Dense).Mul.func1", "gonum.org/v1/gonum/mat.(*Dense).Mul"},
		{"path with a dot", public.GoLibrarySymbol, "gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml%2ev3.Unmarshal"},
		{"module's generic function", public.GoLibrarySymbol, "github.com/samber/lo.Map[...]", "github.com/samber/lo.Map"},
		{"none of a module's", public.GoLibrarySymbol, "go.uber.org/zap.Hunter2", ""},
		{"none of no module", public.GoLibrarySymbol, "example.com/acme.Explode", ""},

		{"function", public.StdSymbol, "os.Open", "os.Open"},
		{"method", public.StdSymbol, "net/http.(*conn).serve", "net/http.(*conn).serve"},
		{"method of a value", public.StdSymbol, "reflect.Value.Call", "reflect.Value.Call"},
		{"the same through a pointer", public.StdSymbol, "reflect.(*Value).Call", "reflect.(*Value).Call"},
		{"assembly", public.StdSymbol, "runtime.goexit", "runtime.goexit"},
		{"assembly of another package", public.StdSymbol, "internal/runtime/atomic.Xadd64", "internal/runtime/atomic.Xadd64"},
		{"main", public.StdSymbol, "runtime.main", "runtime.main"},
		{"closure", public.StdSymbol, "net/http.(*conn).serve.func1", "net/http.(*conn).serve"},
		{"closure in a closure", public.StdSymbol, "net/http.(*Server).Serve.func1.2.3", "net/http.(*Server).Serve"},
		{"go statement", public.StdSymbol, "net/http.(*Server).Serve.gowrap3", "net/http.(*Server).Serve"},
		{"deferred call", public.StdSymbol, "os.ReadFile.deferwrap1", "os.ReadFile"},
		{"closure's deferred call", public.StdSymbol, "os.ReadFile.func1.deferwrap2", "os.ReadFile"},
		{"method value", public.StdSymbol, "net/http.HandlerFunc.ServeHTTP-fm", "net/http.HandlerFunc.ServeHTTP"},
		{"range loop", public.StdSymbol, "maps.Copy[...]-range1", "maps.Copy"},
		{"type parameters", public.StdSymbol, "slices.SortFunc[...]", "slices.SortFunc"},
		{"closure of a generic", public.StdSymbol, "sync.OnceValue[...].func1.1", "sync.OnceValue"},
		{"generic type", public.StdSymbol, "sync/atomic.(*Pointer[...]).Load", "sync/atomic.(*Pointer).Load"},
		{"package initialiser", public.StdSymbol, "os/signal.init.0.func1", "os/signal.init"},
		{"the user's function", public.StdSymbol, "main.main", ""},
		{"the user's method", public.StdSymbol, "example.com/acme/secret.(*T).Explode", ""},
		{"a method there is not", public.StdSymbol, "os.(*File).Explode", ""},
		{"the user's closure within ours", public.StdSymbol, "net/http.(*conn).serve.alice.func1", ""},
		{"type arguments", public.StdSymbol, "slices.SortFunc[go.shape.[]main.Secret]", ""},
		{"digits only", public.StdSymbol, "123", ""},
		{"long", public.StdSymbol, strings.Repeat("a", 1<<20), ""},

		{"error type", public.GoErrorType, "*fs.PathError", "*fs.PathError"},
		{"error value type", public.GoErrorType, "syscall.Errno", "syscall.Errno"},
		{"unexported error", public.GoErrorType, "*errors.errorString", "*errors.errorString"},
		{"wrapped error", public.GoErrorType, "*fmt.wrapError", "*fmt.wrapError"},
		{"joined errors", public.GoErrorType, "*errors.joinError", "*errors.joinError"},
		{"runtime error", public.GoErrorType, "runtime.boundsError", "runtime.boundsError"},
		{"failed assertion", public.GoErrorType, "*runtime.TypeAssertionError", "*runtime.TypeAssertionError"},
		{"some runtime error", public.GoErrorType, "runtime.Error", "runtime.Error"},
		{"the user's error", public.GoErrorType, "*main.SecretError", ""},

		{"exception", public.PythonException, "KeyError", "KeyError"},
		{"exception of a module", public.PythonException, "json.decoder.JSONDecodeError", "json.decoder.JSONDecodeError"},
		{"exception in C", public.PythonException, "_pickle.UnpicklingError", "_pickle.UnpicklingError"},
		{"group", public.PythonException, "ExceptionGroup", "ExceptionGroup"},
		{"of a newer Python", public.PythonException, "PythonFinalizationError", "PythonFinalizationError"},
		{"exception of a package", public.PythonException, "torch.OutOfMemoryError", "torch.OutOfMemoryError"},
		{"the user's exception", public.PythonException, "acme.SecretError", ""},
		{"no exception", public.PythonException, "dict", ""},

		{"module", public.PythonStdModule, "json.decoder", "json.decoder"},
		{"package of modules", public.PythonStdModule, "multiprocessing", "multiprocessing"},
		{"the user's module", public.PythonStdModule, "acme", ""},
		{"the program", public.PythonStdModule, "__main__", ""},

		{"package on the index", public.Package, "scikit-learn", "scikit-learn"},
		{"import name", public.Package, "sklearn", "scikit-learn"},
		{"underscores", public.Package, "pytorch_lightning", "pytorch-lightning"},
		{"capitals", public.Package, "PyYAML", "pyyaml"},
		{"private package", public.Package, "acme", ""},

		{"GPU", public.GPUModel, "NVIDIA H200", "NVIDIA H200"},
		{"as older drivers say", public.GPUModel, "GeForce RTX 3090", "NVIDIA GeForce RTX 3090"},
		{"as older drivers say, data centre", public.GPUModel, "A100-SXM4-80GB", "NVIDIA A100-SXM4-80GB"},
		{"Tesla", public.GPUModel, "Tesla V100-SXM2-16GB", "Tesla V100-SXM2-16GB"},
		{"AMD", public.GPUModel, "Instinct MI300X", "AMD Instinct MI300X"},
		{"instance", public.GPUModel, "NVIDIA A100-SXM4-40GB MIG 1g.5gb", "NVIDIA A100-SXM4-40GB"},
		{"no GPU", public.GPUModel, "alice's GPU", ""},

		{"distribution", public.Distro, "Debian GNU/Linux", "Debian GNU/Linux"},
		{"image", public.Distro, "Acme Linux", ""},

		{"model", public.Model, "qwen/qwen3-8b", "Qwen/Qwen3-8B"},
		{"organisation", public.Model, "Qwen/secret", "Qwen"},
		{"path", public.Model, "Qwen/secret/checkpoint-7", ""},
		{"organisation alone", public.Model, "Qwen", "Qwen"},
		{"private", public.Model, "acme/secret", ""},

		{"optimizer", public.Optimizer, "AdamW", "AdamW"},
		{"library's module", public.LibraryModule, "torch.nn.modules.linear", "torch.nn.modules.linear"},
		{"first of a block", public.LibraryModule, "numpy", "numpy"},
		{"no library's module", public.LibraryModule, "torch.acme_secret", ""},
		{"private package's module", public.LibraryModule, "acme.vault", ""},
		{"Python function", public.PythonFunction, "forward", "forward"},
		{"Python's own function", public.PythonFunction, "raw_decode", "raw_decode"},
		{"module's code", public.PythonFunction, "<module>", "<module>"},
		{"private function", public.PythonFunction, "hunter2", ""},
		{"function with a module", public.PythonFunction, "json.loads", ""},
		{"CUDA error", public.NativeException, "cudaErrorIllegalAddress", "cudaErrorIllegalAddress"},
		{"C++ exception", public.NativeException, "c10::Error", "c10::Error"},
		{"private C++ exception", public.NativeException, "acme::Error", ""},
		{"private optimizer", public.Optimizer, "SecretAdam", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			name, ok := c.look(c.in)
			if name.String() != c.want || ok != (c.want != "") || name.IsZero() == ok {
				t.Fatalf("%.80q: %q, %v, want %q", c.in, name, ok, c.want)
			}
			if again, _ := c.look(name.String()); ok && again != name {
				t.Errorf("%q becomes %q", name, again)
			}
		})
	}
}

// TestListsAreInOrder holds every list to what the lookups rely on, and looks
// every name up.
func TestListsAreInOrder(t *testing.T) {
	files, err := filepath.Glob("lists/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d lists, %v", len(files), err)
	}
	looks := map[string]lookup{
		"go_packages": public.StdPackage, "go_error_types": public.GoErrorType, "python_modules": public.PythonStdModule,
		"python_exceptions": public.PythonException, "package_exceptions": public.PythonException, "packages": public.Package,
		"native_exceptions": public.NativeException,
		"gpu_models":        public.GPUModel, "distros": public.Distro, "models": public.Model, "optimizers": public.Optimizer,
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasSuffix(text, []byte("\n")) {
			t.Errorf("%s does not end in a line feed", file)
		}
		names := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if !slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names) {
			t.Errorf("%s is not sorted by bytes, each name once", file)
		}
		look := looks[strings.TrimSuffix(filepath.Base(file), ".txt")]
		for _, name := range names {
			if strings.ContainsFunc(name, func(r rune) bool { return r > '~' || r == '"' || r == '\\' || r < ' ' && r != '\t' }) {
				t.Errorf("%s: %q cannot be sent", file, name)
			}
			if look == nil {
				continue
			}
			if got, ok := look(name); !ok || got.String() != name {
				t.Errorf("%s: %q is found as %q", file, name, got)
			}
		}
	}
}

// TestImportNamesLeadToPackages: each line of the list names a known package.
func TestImportNamesLeadToPackages(t *testing.T) {
	text, err := os.ReadFile("lists/import_names.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		from, to, _ := strings.Cut(line, "\t")
		if name, _ := public.Package(from); name.String() != to || to == "" {
			t.Errorf("%q leads to %q", line, name)
		}
	}
}

// TestLibraryFiles finds every digest of the list, and none besides.
func TestLibraryFiles(t *testing.T) {
	data, err := os.ReadFile("lists/library_files.sha256")
	if err != nil || len(data) == 0 || len(data)%8 != 0 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	for i := 0; i < len(data); i += 8 {
		digest := [8]byte(data[i : i+8])
		if !public.LibraryFile(digest) {
			t.Fatalf("%x is not found", digest)
		}
		digest[7]++
		if next := i + 8; public.LibraryFile(digest) && (next == len(data) || digest != [8]byte(data[next:next+8])) {
			t.Fatalf("%x is found", digest)
		}
	}
	if public.LibraryFile([8]byte{}) {
		t.Error("nothing is found")
	}
}
