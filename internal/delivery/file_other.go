//go:build !unix

package delivery

import "os"

func appendFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
}

func readFile(path string) (*os.File, error) { return os.Open(path) }

// Without locks the first to find the ledger full rotates it.
func tryLock(*os.File) bool { return true }
