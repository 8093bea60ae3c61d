package public

import "strings"

// LibraryModule finds a module of a known public package by the name it is
// imported by: "torch.nn.modules.linear".
func LibraryModule(s string) (Name, bool) { return front(libraryModules).find(s) }

// PythonFunction finds the name of a function or class that Python's standard
// library or a known public package defines somewhere, or of what has none of
// its own: "forward", "<module>". That a word stands here says nothing of the
// code that is called so: whoever names a function has found out otherwise
// whose it is.
func PythonFunction(s string) (Name, bool) { return packed(pythonFunctions).find(s) }

// LibraryFile reports whether a source file with this SHA-256, of which eight
// bytes are asked for, is one that a known public package was released with.
func LibraryFile(digest [8]byte) bool {
	wanted := string(digest[:])
	lo, hi := 0, len(libraryFiles)/8
	for lo < hi {
		mid := lo + (hi-lo)/2
		switch strings.Compare(libraryFiles[8*mid:8*mid+8], wanted) {
		case 0:
			return true
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}
