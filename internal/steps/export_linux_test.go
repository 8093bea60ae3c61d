package steps

import "golang.org/x/sys/unix"

// Acceptable says whether a file of this kind may be read as a page.
func Acceptable(mode, uid uint32, size int64) error {
	return acceptable(&unix.Stat_t{Mode: mode, Uid: uid, Size: size})
}
