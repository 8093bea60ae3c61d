package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestSweep(t *testing.T) {
	base := t.TempDir()
	dead := exec.Command("true")
	if err := dead.Start(); err != nil {
		t.Fatal(err)
	}
	gone := leaseOf(dead.Process.Pid) // a zombie still has its start time
	if err := dead.Wait(); err != nil {
		t.Fatal(err)
	}
	mkdir := func(name string) string {
		dir := filepath.Join(base, name)
		if err := os.MkdirAll(filepath.Join(dir, "python"), 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	old := func(dir string) string {
		then := time.Now().Add(-2 * sweepAfter)
		if err := os.Chtimes(dir, then, then); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	own := old(mkdir(pageDirPrefix + gone + "-1")) // its wrapper has ended already
	left := []string{
		own,
		mkdir(pageDirPrefix + gone + "-2"), // its monitor may not have begun
		old(mkdir(pageDirPrefix + lease() + "-1")),  // of a living process
		old(mkdir(pageDirPrefix + "1-2-3-4")),       // of another pid namespace
		old(mkdir(pageDirPrefix + "0-5")),           // of nobody known
		old(mkdir("something else")),                //
		old(mkdir("somebody-" + gone + "-" + "12")), // not ours at all
	}
	swept := old(mkdir(pageDirPrefix + gone + "-77"))
	sweep(own)
	for _, dir := range left {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("swept away: %v", err)
		}
	}
	if _, err := os.Stat(swept); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", swept, err)
	}
}
