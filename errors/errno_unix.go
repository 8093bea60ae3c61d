//go:build unix

package errors

import "syscall"

const errnoQuota = syscall.EDQUOT
