package main

import (
	"runtime/debug"

	"github.com/trainwatch/trainwatch/internal/monitor"
)

// versionText is the version, with the commit where the build knows it.
func versionText() string {
	text := monitor.Version
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				text += " (" + s.Value[:12] + ")"
			}
		}
	}
	return text
}
