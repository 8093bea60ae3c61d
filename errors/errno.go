package errors

import "syscall"

// maxErrno is above every error number of a system (Linux: ENOTSUPP, 524). A
// larger one is a number of the program's own.
const maxErrno = 530

func errnoOf(n int) int {
	if n < 0 || n > maxErrno {
		return 0
	}
	return n
}

func classOfErrno(errno int, otherwise Class) Class {
	switch syscall.Errno(errno) {
	case syscall.ENOSPC:
		return DiskFull
	case errnoQuota:
		return Quota
	}
	return otherwise
}
