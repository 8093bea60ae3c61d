package house_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the snapshots anew")

// TestPublicAPI compares what the public packages export with what was agreed.
// A change here is a change of everybody's code: say so in CHANGELOG.md, then
// run `go test ./internal/house -update`.
func TestPublicAPI(t *testing.T) {
	for _, room := range []string{"agent", "callbacks", "errors", "gpu", "gpu/nvidia", "metrics"} {
		t.Run(room, func(t *testing.T) {
			got := exported(t, filepath.Join("../..", filepath.FromSlash(room)))
			golden := filepath.Join("testdata", "api", strings.ReplaceAll(room, "/", "_")+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("the public API changed (-agreed +now):\n%s", diff)
			}
		})
	}
}

// exported prints the exported declarations of the package in dir, without
// bodies and comments, sorted.
func exported(t *testing.T, dir string) string {
	t.Helper()
	fset := token.NewFileSet()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.FileExports(file)
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
				continue
			}
			if f, ok := d.(*ast.FuncDecl); ok {
				if !onExported(f) {
					continue
				}
				f.Body = nil
			}
			var b bytes.Buffer
			if err := printer.Fprint(&b, fset, d); err != nil {
				t.Fatal(err)
			}
			if s := strings.TrimSpace(b.String()); s != "" {
				seen[s] = true
			}
		}
	}
	list := make([]string, 0, len(seen))
	for s := range seen {
		list = append(list, s)
	}
	sort.Strings(list)
	return strings.Join(list, "\n") + "\n"
}

// onExported reports whether f is a function, or a method of an exported type.
func onExported(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return true
	}
	receiver := f.Recv.List[0].Type
	for {
		switch r := receiver.(type) {
		case *ast.StarExpr:
			receiver = r.X
		case *ast.IndexExpr:
			receiver = r.X
		case *ast.Ident:
			return r.IsExported()
		default:
			return true
		}
	}
}
