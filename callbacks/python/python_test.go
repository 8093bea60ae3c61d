package python_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/trainwatch/trainwatch/callbacks/python"
)

func TestInstall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // again over what is there
		if err := python.Install(dir); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", path, info.Mode().Perm(), want)
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sitecustomize.py", "trainwatch.py", "_trainwatch/__init__.py", "_trainwatch/loop.py"} {
		if !slices.Contains(names, name) {
			t.Errorf("no %s among %q", name, names)
		}
	}
}

func TestInstallRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"a separator in the name": filepath.Join(t.TempDir(), "a:b"),
		"a relative name":         "somewhere",
		"below a file":            filepath.Join(file, "below"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := python.Install(dir); err == nil {
				t.Error("no error")
			}
		})
	}
	if _, err := os.Stat("somewhere"); err == nil {
		t.Error("a refused directory was made")
	}
}

func TestPath(t *testing.T) {
	for name, c := range map[string]struct {
		path string
		set  bool
		want string
	}{
		"unset":                     {"", false, "/run/py"},
		"empty":                     {"", true, "/run/py"},
		"one":                       {"/a", true, "/run/py:/a"},
		"the working directory too": {":/a", true, "/run/py::/a"},
		"one trainwatch in another": {"/run/outer:/a", true, "/run/py:/run/outer:/a"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := python.Path(c.path, c.set, "/run/py"); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
