// Package python carries trainwatch's Python side: the callbacks' twin for
// programs that are started by `trainwatch run`.
//
// Nothing is installed. The files are written into the run's own directory and
// that directory is put in front of PYTHONPATH; Python then imports our
// sitecustomize at its start. What it may do to the program is told there: it
// takes its directory off again, runs the sitecustomize that would have run,
// and leaves a module to import and an exception hook behind. What the hook
// writes is in README.md beside this file.
//
// The sources use the standard library alone and work on Python 3.8 and newer;
// on older ones they step aside.
package python

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed sitecustomize.py trainwatch.py _trainwatch/*.py
var files embed.FS

// Install writes the files below dir, which is made if need be: directories
// 0700, files 0600. It costs some dozen small files. Python adds compiled ones
// (__pycache__) later; whoever made dir removes it with all that is in it.
//
// A dir that cannot be put into PYTHONPATH, because its name holds the
// separator or is not absolute, is an error.
func Install(dir string) error {
	if !filepath.IsAbs(dir) || strings.ContainsRune(dir, os.PathListSeparator) {
		return fmt.Errorf("python: install: %q cannot stand in PYTHONPATH", dir)
	}
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(path))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		data, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o600)
	})
	if err != nil {
		return fmt.Errorf("python: install: %w", err)
	}
	return nil
}

// Path returns the value of PYTHONPATH with dir leading. pythonpath is the
// value so far and set says whether there was one. An empty value is none: dir
// followed by a separator would add the working directory.
func Path(pythonpath string, set bool, dir string) string {
	if !set || pythonpath == "" {
		return dir
	}
	return dir + string(os.PathListSeparator) + pythonpath
}
