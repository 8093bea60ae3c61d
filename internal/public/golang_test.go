package public_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"text/template"

	"github.com/trainwatch/trainwatch/internal/public"
)

// stack calls visit with the names of the functions that are running.
func stack() []string {
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	var names []string
	for {
		f, more := frames.Next()
		names = append(names, f.Function)
		if !more {
			return names
		}
	}
}

type caller struct{ seen *[]string }

func (c caller) see() { *c.seen = append(*c.seen, stack()...) }

func (c caller) MarshalJSON() ([]byte, error) { c.see(); return []byte("1"), nil }
func (c caller) String() string               { c.see(); return "" }

// TestRealStacks has the standard library call us in many ways: all of its
// functions on these stacks must be found, and none of ours.
func TestRealStacks(t *testing.T) {
	var seen []string
	c := caller{&seen}
	sort.Slice([]int{2, 1}, func(i, j int) bool { c.see(); return i < j })
	slices.SortFunc([]int{2, 1}, func(a, b int) int { c.see(); return a - b })
	new(sync.Once).Do(c.see)
	sync.OnceValue(func() int { c.see(); return 1 })()
	reflect.ValueOf(c.see).Call(nil)
	if _, err := json.Marshal(map[string]any{"a": []any{c}}); err != nil {
		t.Fatal(err)
	}
	if err := template.Must(template.New("").Parse("{{.}}")).Execute(new(strings.Builder), c); err != nil {
		t.Fatal(err)
	}
	if err := fs.WalkDir(fstest.MapFS{"a": {}}, ".", func(string, fs.DirEntry, error) error { c.see(); return nil }); err != nil {
		t.Fatal(err)
	}
	_ = strings.Map(func(r rune) rune { c.see(); return r }, "a")
	var m sync.Map
	m.Store(1, 1)
	m.Range(func(any, any) bool { c.see(); return true })
	done := make(chan bool)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { c.see(); close(done) }))
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		t.Fatal(err)
	}
	<-done
	server.Close()

	found := map[string]bool{}
	for _, f := range seen {
		name, ok := public.StdSymbol(f)
		if own := strings.Contains(f, "public_test"); own == ok {
			t.Errorf("%s is found as %q", f, name)
		}
		found[name.String()] = ok
	}
	for _, want := range []string{"sort.Slice", "slices.SortFunc", "reflect.Value.Call", "encoding/json.Marshal", "net/http.(*conn).serve", "io/fs.WalkDir", "runtime.goexit"} {
		if !found[want] {
			t.Errorf("%s was not on a stack", want)
		}
	}
}

func TestRealErrors(t *testing.T) {
	_, path := os.Open("/nonexistent/path")
	var typed *fs.PathError
	if !errors.As(path, &typed) {
		t.Fatal(path)
	}
	for _, err := range []error{path, typed.Err, errors.New("a"), errors.Join(path), json.Unmarshal([]byte("{"), new(int)), http.ErrAbortHandler} {
		if _, ok := public.GoErrorType(reflect.TypeOf(err).String()); !ok {
			t.Errorf("%T is not found", err)
		}
	}
}

func BenchmarkStdSymbol(b *testing.B) {
	for _, in := range []string{"net/http.(*conn).serve", "net/http.(*conn).serve.func1.2", "example.com/acme/secret.Explode"} {
		b.Run(in, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				public.StdSymbol(in)
			}
		})
	}
	// What a lookup would cost in a map that holds a list of this size in memory.
	all := map[string]bool{}
	for i := range 28_615 {
		all["net/http.(*conn).serve"+strings.Repeat("x", i%40)+string(rune(i))] = true
	}
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = all["net/http.(*conn).serve"]
		}
	})
}
