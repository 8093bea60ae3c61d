package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// programs are the built binaries. BENCH_BINARY names another trainwatch to
// measure, to compare two versions.
var programs struct{ trainwatch, mlp, loop string }

func TestMain(m *testing.M) {
	if order := os.Getenv(fleetVariable); order != "" {
		if err := fleetPart(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		return m.Run() // nothing will be measured
	}
	dir, err := os.MkdirTemp("", "trainwatch-bench-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds what is measured as the Makefile does, so that what is measured
// is what is shipped.
func build(dir string) error {
	for path, room := range map[*string]string{
		&programs.trainwatch: "./cmd/trainwatch", &programs.mlp: "./examples/mlp", &programs.loop: "./bench/testdata/loop",
	} {
		if other := os.Getenv("BENCH_BINARY"); other != "" && path == &programs.trainwatch {
			*path = other
			continue
		}
		*path = filepath.Join(dir, filepath.Base(room))
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false",
			"-ldflags", "-s -w -extldflags=-Wl,-z,lazy", "-o", *path, room)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "CGO_CFLAGS=-O2 -g -Wno-deprecated-declarations")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
		}
	}
	return nil
}
