package house_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/trainwatch/trainwatch"

// floors is the map of rooms: a package imports only from lower floors. The
// public lists lie beneath everything. Side rooms (examples, benchmarks) may
// import anything and are imported by nobody.
var floors = map[string]int{
	"internal/public": -1,

	"errors": 0, "internal/event": 0, "internal/steps": 0, "internal/spool": 0,
	"web": 0, "internal/consent": 0, "internal/rank": 0, "internal/identity": 0, "internal/settings": 0,

	"callbacks": 1, "callbacks/python": 1, "gpu": 1, "gpu/nvidia": 1, "gpu/nvidia/fake": 1, "gpu/amd": 1,

	"metrics": 2, "internal/history": 2, "internal/delivery": 2, "internal/shim": 2,

	"internal/monitor": 3, "internal/compare": 3, "internal/view": 3,
	"agent":          4,
	"cmd/trainwatch": 5,
}

// neighbours are the imports within a floor that are meant.
var neighbours = map[string][]string{
	"internal/settings": {"internal/consent"}, // the files that settings reads say yes or no
	"internal/view":     {"internal/compare"}, // the page shows its verdicts
	"gpu/nvidia":        {"gpu"},
	"gpu/amd":           {"gpu"},
}

// sideRooms are programs and tools of the repository itself.
var sideRooms = []string{"examples/", "bench", "internal/capture", "internal/house", "internal/view/madeup", "internal/public/gen", "internal/event/gen"}

// onlyIn lists libraries that have one door.
var onlyIn = map[string]string{
	"github.com/posthog/posthog-go":      "internal/delivery",
	"github.com/NVIDIA/go-nvml/pkg/nvml": "gpu/nvidia",
	"github.com/shirou/gopsutil/v3":      "metrics",
	"github.com/pelletier/go-toml/v2":    "internal/settings",
	"github.com/DataDog/sketches-go":     "metrics",
	"github.com/spf13/cobra":             "cmd/trainwatch",
	"github.com/google/licensecheck":     "internal/house",
}

type pkg struct {
	ImportPath, Doc            string
	Imports, GoFiles, CgoFiles []string
}

func packages(t *testing.T, args ...string) []pkg {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Doc,Imports,GoFiles,CgoFiles"}, args...)...)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	var list []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func sideRoom(room string) bool {
	return room == "" || slices.ContainsFunc(sideRooms, func(s string) bool { return strings.HasPrefix(room, s) })
}

func TestImportsGoDownwards(t *testing.T) {
	for _, p := range packages(t, "./...") {
		room := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if sideRoom(room) {
			continue
		}
		floor, known := floors[room]
		if !known {
			t.Errorf("%s stands on no floor: add it to the map of rooms, here and in CONTRIBUTING.md", room)
			continue
		}
		for _, path := range p.Imports {
			if other, ours := strings.CutPrefix(path, module+"/"); ours {
				below, known := floors[other]
				if !known || below >= floor && !slices.Contains(neighbours[room], other) {
					t.Errorf("%s (floor %d) imports %s (floor %d): import only downwards", room, floor, other, below)
				}
			}
		}
	}
}

func TestLibrariesHaveOneDoor(t *testing.T) {
	for _, p := range packages(t, "./...") {
		room := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, path := range p.Imports {
			for library, door := range onlyIn {
				if (path == library || strings.HasPrefix(path, library+"/")) && room != door {
					t.Errorf("%s imports %s, which only %s may", room, path, door)
				}
			}
		}
	}
}

func TestEveryRoomSaysWhatItIsFor(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if len(p.GoFiles)+len(p.CgoFiles) > 0 && len(p.Doc) < 40 {
			t.Errorf("%s has no package comment, or one that says nothing: %q", p.ImportPath, p.Doc)
		}
	}
}

// TestAgentNeedsNoCgo: who embeds the agent without GPU sampling gets no cgo.
func TestAgentNeedsNoCgo(t *testing.T) {
	for _, p := range packages(t, "-deps", "./agent") {
		if strings.HasPrefix(p.ImportPath, module) && len(p.CgoFiles) > 0 {
			t.Errorf("agent depends on %s, which needs cgo", p.ImportPath)
		}
		if strings.HasPrefix(p.ImportPath, "github.com/NVIDIA/") {
			t.Errorf("agent depends on %s", p.ImportPath)
		}
	}
}
