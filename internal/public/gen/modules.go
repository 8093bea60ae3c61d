package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// pinned lists the public modules whose functions may be named: path, version
// and the checksum that go.sum has of it, a line each. What is listed was chosen
// by hand; that it exists, and is what everybody gets, the checksum says.
const pinned = "gen/modules.txt"

// A module is one of them as "go mod download -json" tells of it.
type module struct {
	Path, Version, Sum, Dir, Error string
}

// writeModules reads the modules' sources from the module cache, where the go
// command puts them, checked against the checksum database. Tests, commands and
// examples are left out.
func writeModules() error {
	modules, err := readPinned()
	if err != nil {
		return err
	}
	s := source{packages: set{}, symbols: set{}, errors: set{}}
	paths := set{}
	for batch := range slices.Chunk(modules, 16) {
		got, err := download(batch)
		if err != nil {
			return err
		}
		for i, m := range got {
			if m.Path != batch[i].Path || m.Sum != batch[i].Sum {
				return fmt.Errorf("%s %s has the checksum %s, and %s is pinned", m.Path, m.Version, m.Sum, batch[i].Sum)
			}
			paths[m.Path] = true
			if err := s.module(m); err != nil {
				return fmt.Errorf("reading %s: %w", m.Path, err)
			}
		}
	}
	maps.DeleteFunc(s.symbols, func(name string, _ bool) bool { return !ascii(name) || len(name) > 255 })
	symbols, err := pack(s.symbols.sorted())
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{
		"go_modules.txt":            []byte(strings.Join(paths.sorted(), "\n") + "\n"),
		"go_library_packages.front": frontCode(s.packages.sorted()),
		"go_library_symbols.packed": symbols,
	} {
		if err := os.WriteFile(filepath.Join("lists", name), data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("gen: %d modules, %d packages, %d functions\n", len(paths), len(s.packages), len(s.symbols))
	return nil
}

func readPinned() (list []module, err error) {
	text, err := os.ReadFile(pinned)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) != 3 {
			return nil, fmt.Errorf("%s: %q is not a path, a version and a checksum", pinned, lines.Text())
		}
		list = append(list, module{Path: f[0], Version: f[1], Sum: f[2]})
	}
	return list, lines.Err()
}

func download(list []module) (got []module, err error) {
	args := []string{"mod", "download", "-json"}
	for _, m := range list {
		args = append(args, m.Path+"@"+m.Version)
	}
	cmd := exec.CommandContext(context.Background(), "go", args...)
	cmd.Dir, cmd.Stderr = os.TempDir(), os.Stderr // outside of any module: none of its replacements counts
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go mod download: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(out))
	for d.More() {
		var m module
		if err := d.Decode(&m); err != nil {
			return nil, err
		}
		got = append(got, m)
	}
	if len(got) != len(list) {
		return nil, fmt.Errorf("go mod download: %d of %d modules", len(got), len(list))
	}
	return got, nil
}

// notLibrary are the folders of a module that no program links in.
var notLibrary = set{
	"testdata": true, "vendor": true, "test": true, "tests": true, "testing": true, "testutil": true, "testutils": true, "internaltest": true,
	"cmd": true, "example": true, "examples": true, "_examples": true, "benchmark": true, "benchmarks": true, "fuzz": true, "testprotos": true,
	"fake": true, "mock": true, "mocks": true, "semconv": true,
}

func (s source) module(m module) error {
	return filepath.WalkDir(m.Dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(m.Dir, name)
		rel = filepath.ToSlash(rel)
		if d.IsDir() {
			if rel != "." && (notLibrary[d.Name()] || strings.HasPrefix(d.Name(), "_") || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		pkg := path.Join(m.Path, path.Dir(rel))
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || !ascii(pkg) {
			return nil
		}
		// What cannot be read is a template, or made for another Go.
		if s.goFile(name, pkg) == nil && s.packages[pkg] {
			s.symbols[prefix(pkg)+".init"] = true // of its variables
		}
		return nil
	})
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}
