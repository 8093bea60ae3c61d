//go:build !unix

package errors

import "syscall"

// errnoQuota is no error number here; it matches none.
const errnoQuota = syscall.Errno(1<<31 - 1)
