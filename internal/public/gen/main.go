// Command gen writes the lists that come from Go's own source: packages,
// functions and error types of the standard library of the Go that runs it.
// Only what is declared in GOROOT/src is read; tests and commands are left out.
//
// Run it by "go generate ./internal/public". With the argument "modules" it
// writes those that come from public modules instead, see modules.go.
package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && os.Args[1] == "modules" {
		if err := writeModules(); err != nil {
			log.Fatalf("gen: %v", err)
		}
		return
	}
	s := source{packages: set{}, symbols: set{}, errors: set{"runtime.Error": true}}
	root, err := exec.CommandContext(context.Background(), "go", "env", "GOROOT").Output()
	if err != nil {
		log.Fatalf("gen: go env GOROOT: %v", err)
	}
	if err := s.read(filepath.Join(strings.TrimSpace(string(root)), "src")); err != nil {
		log.Fatalf("gen: reading Go's source: %v", err)
	}
	for name, list := range map[string]set{"go_packages": s.packages, "go_error_types": s.errors} {
		if err := os.WriteFile(filepath.Join("lists", name+".txt"), []byte(strings.Join(list.sorted(), "\n")+"\n"), 0o644); err != nil {
			log.Fatalf("gen: %v", err)
		}
	}
	if err := os.WriteFile(filepath.Join("lists", "go_symbols.front"), frontCode(s.symbols.sorted()), 0o644); err != nil {
		log.Fatalf("gen: %v", err)
	}
	fmt.Printf("gen: %s: %d packages, %d functions, %d error types\n", runtime.Version(), len(s.packages), len(s.symbols), len(s.errors))
}

type set map[string]bool

func (s set) sorted() []string {
	list := make([]string, 0, len(s))
	for name := range s {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

type source struct{ packages, symbols, errors set }

// assembly finds the functions of an assembly file: TEXT ·name(SB), and TEXT
// pkg·name(SB) where another package's symbol is defined.
var assembly = regexp.MustCompile(`(?m)^TEXT\s+([\w∕./]*)·(\w+)(?:<[\w>]*)?\(SB\)`)

func (s source) read(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel == "cmd" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), "_") {
				return filepath.SkipDir
			}
			return nil
		}
		pkg := filepath.ToSlash(filepath.Dir(rel))
		switch {
		case strings.HasSuffix(path, "_test.go"):
		case strings.HasSuffix(path, ".go"):
			return s.goFile(path, pkg)
		case strings.HasSuffix(path, ".s"):
			return s.assemblyFile(path, pkg)
		}
		return nil
	})
}

func (s source) goFile(path, pkg string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	if file.Name.Name == "main" || strings.HasSuffix(file.Name.Name, "_test") {
		return nil
	}
	s.packages[pkg] = true
	pkg = prefix(pkg)
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name == "_" {
			continue
		}
		name := f.Name.Name
		if f.Recv != nil && len(f.Recv.List) == 1 {
			star, typ := receiver(f.Recv.List[0].Type)
			if typ == "_" || typ == "" {
				continue
			}
			if name == "Error" && f.Type.Results != nil && len(f.Type.Results.List) == 1 && f.Type.Params.NumFields() == 0 {
				s.errorType(file.Name.Name, star, typ)
			}
			// A method of a value is called through a pointer as well.
			s.symbols[pkg+".(*"+typ+")."+name] = true
			if star == "" {
				s.symbols[pkg+"."+typ+"."+name] = true
			}
			continue
		}
		s.symbols[pkg+"."+name] = true
	}
	return nil
}

// prefix writes a package's path as the names of its functions begin with it.
func prefix(pkg string) string {
	slash := strings.LastIndexByte(pkg, '/') + 1
	return pkg[:slash] + strings.ReplaceAll(pkg[slash:], ".", "%2e")
}

func (s source) errorType(pkg, star, typ string) {
	s.errors["*"+pkg+"."+typ] = true
	if star == "" {
		s.errors[pkg+"."+typ] = true
	}
}

// receiver takes a receiver's type apart; type parameters are left out.
func receiver(e ast.Expr) (star, name string) {
	switch e := e.(type) {
	case *ast.StarExpr:
		_, name = receiver(e.X)
		return "*", name
	case *ast.ParenExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return "", e.Name
	}
	return "", ""
}

func (s source) assemblyFile(path, pkg string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, m := range assembly.FindAllSubmatch(text, -1) {
		owner := strings.ReplaceAll(string(m[1]), "∕", "/")
		if owner == "" {
			owner = pkg
		}
		s.symbols[owner+"."+string(m[2])] = true
	}
	return nil
}
