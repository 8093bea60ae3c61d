package amd

import (
	"testing"

	"github.com/trainwatch/trainwatch/internal/public"
)

// TestModels: a name that is not on the public list would never be sent.
func TestModels(t *testing.T) {
	for _, id := range []string{
		"0x738c", "0x7408", "0x740c", "0x740f", "0x74a0", "0x74a1", "0x74a2", "0x74a5", "0x74b5",
		"0x75a0", "0x75a3", "0x744c", "0x7448", "0x73bf", "0x66af",
	} {
		name := model(id)
		if listed, ok := public.GPUModel(name); !ok || listed.String() != name {
			t.Errorf("%s: %q is not on the list", id, name)
		}
	}
	if name := model("0xffff"); name != "" {
		t.Errorf("an unknown device is called %q", name)
	}
}

func TestArch(t *testing.T) {
	for version, want := range map[uint64]string{
		90008: "cdna", 90010: "cdna2", 90402: "cdna3", 90500: "cdna4", 90006: "gcn", 80003: "gcn",
		100100: "rdna", 100300: "rdna2", 110000: "rdna3", 110501: "rdna3", 120001: "rdna4",
		0: "", 130000: "", 1 << 60: "",
	} {
		if got := arch(version); got != want {
			t.Errorf("%d: %q, want %q", version, got, want)
		}
	}
}
