package event

// What posthog-go adds to each event on its way out. The last look before the
// network admits these and nothing else of its making.
var (
	sdkLib = def{
		name: "$lib", kind: kindText, events: onAll, values: []string{"posthog-go"}, example: `"posthog-go"`,
		why: "Added by PostHog's library: its name.",
	}
	sdkLibVersion = def{
		name: "$lib_version", kind: kindText, events: onAll, text: versionText, grammar: grammarVersion, example: `"1.23.1"`,
		why: "Added by PostHog's library: its version.",
	}
	sdkOS = def{
		name: "$os", kind: kindText, events: onAll, example: `"Linux"`,
		values: []string{"Linux", "Mac OS X", "Windows", "FreeBSD", "OpenBSD", "NetBSD"},
		why:    "Added by PostHog's library: the operating system.",
	}
	sdkOSVersion = def{
		name: "$os_version", kind: kindText, events: onAll, text: releaseText, grammar: "up to four numbers with dots", example: `"12"`,
		why: "Added by PostHog's library: the operating system's version, where it is numbers and dots.",
	}
	sdkOSDistro = def{
		name: "$os_distro", kind: kindText, events: onAll, text: distroText, grammar: "one of the known Linux distributions", example: `"Debian GNU/Linux"`,
		why: "Added by PostHog's library: the distribution, where it is a public one. An image's own name is dropped.",
	}
	sdkGoVersion = def{
		name: "$go_version", kind: kindText, events: onAll, text: goVersionText, grammar: "go and a version", example: `"go1.26.8"`,
		why: "Added by PostHog's library: the Go release trainwatch was built with.",
	}
)

func sdkTable() []*def {
	return []*def{&sdkLib, &sdkLibVersion, &sdkOS, &sdkOSVersion, &sdkOSDistro, &sdkGoVersion}
}
