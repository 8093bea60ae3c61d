package settings

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/trainwatch/trainwatch/internal/consent"
)

// maxFile bounds a config file: ours have a dozen lines.
const maxFile = 256 << 10

// readFiles reads the config files there are: what the user's says, what each
// says about telemetry, and what is wrong with them.
//
// A file that is there but cannot be read or parsed counts as a no: it may have
// been meant as one, and an administrator's or a user's no must not be lost to
// a missing quote.
func readFiles(lookup func(string) (string, bool), roots Roots) (user fileConfig, modes []consent.FileMode, warnings []Warning) {
	for _, place := range places(lookup, roots) {
		text, err := readRegular(place.Path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			continue
		}
		mode := place
		var c fileConfig
		var wrong []Warning
		if err == nil {
			c, wrong, err = parse(place.Path, text)
		}
		if err != nil {
			mode.Mode = consent.Off
			mode.Warning = err.Error() + "; telemetry stays off"
		} else {
			mode.Mode, mode.Warning = c.mode, c.modeWarning
		}
		modes = append(modes, mode)
		warnings = append(warnings, wrong...)
		if place.Scope == consent.ScopeUser {
			user = c
		}
	}
	return user, modes, warnings
}

func places(lookup func(string) (string, bool), roots Roots) []consent.FileMode {
	var all []consent.FileMode
	if roots.Machine != "" {
		all = append(all, consent.FileMode{Path: filepath.Join(roots.Machine, "trainwatch", "config.toml"), Scope: consent.ScopeMachine})
	}
	if dir := xdg(lookup, "XDG_CONFIG_HOME", ".config"); dir != "" {
		all = append(all, consent.FileMode{Path: filepath.Join(dir, "config.toml"), Scope: consent.ScopeUser})
	}
	if roots.Project != "" {
		all = append(all, consent.FileMode{Path: filepath.Join(roots.Project, "trainwatch.toml"), Scope: consent.ScopeProject})
	}
	return all
}

// readRegular reads a whole small regular file. A FIFO or device in its place
// is refused without waiting for it.
func readRegular(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return text, nil
}
