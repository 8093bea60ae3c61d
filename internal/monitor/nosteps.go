package monitor

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pythonDir is where, in a run's directory, the files for Python lie.
const pythonDir = "python"

// compiled reports whether a Python has read that file of ours: it leaves a
// compiled one beside it.
func compiled(dir, module string) bool {
	found, _ := filepath.Glob(filepath.Join(dir, pythonDir, filepath.Dir(module), "__pycache__", filepath.Base(module)+".*.pyc"))
	return len(found) > 0
}

// pythonRan reports whether a Python of the run has let us in.
func pythonRan(dir string) bool { return compiled(dir, "sitecustomize") }

// torchRan reports whether a Python of the run has imported torch.
func torchRan(dir string) bool { return compiled(dir, filepath.Join("_trainwatch", "optimizer")) }

// elsewhere are commands that run a program where our files are not.
var elsewhere = [...]string{"docker", "podman", "nerdctl", "apptainer", "singularity", "enroot", "kubectl", "ssh", "bwrap", "chroot"}

// whyNoSteps says why a run's program told of no step, as far as that can be
// seen from what it left in dir and from its command line.
func whyNoSteps(dir string, command []string) string {
	switch {
	case dir == "":
		return "there is no memory filesystem for step pages"
	case torchRan(dir):
		return "torch was there, but no optimizer made a step that torch tells of"
	case pythonRan(dir):
		return "Python was there, but no framework that trainwatch knows"
	case !exists(filepath.Join(dir, pythonDir)):
		return "trainwatch was told to keep out of Python"
	}
	for i, word := range command {
		name := filepath.Base(word)
		if i == 0 && slices.Contains(elsewhere[:], name) {
			return name + " runs the program where trainwatch's files are not"
		}
		if strings.HasPrefix(name, "python") {
			if flag := isolated(command[i+1:]); flag != "" {
				return "python " + flag + " keeps trainwatch out"
			}
		}
	}
	return "no Python ran that let trainwatch in"
}

// isolated returns the option of Python's that leaves PYTHONPATH or
// sitecustomize unread, "" where there is none.
func isolated(arguments []string) string {
	for _, a := range arguments {
		if len(a) < 2 || a[0] != '-' || a[1] == '-' || strings.HasPrefix(a, "-m") || strings.HasPrefix(a, "-c") {
			return ""
		}
		if i := strings.IndexAny(a, "IES"); i > 0 && !strings.ContainsAny(a[:i], "WXcm") {
			return "-" + a[i:i+1]
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
