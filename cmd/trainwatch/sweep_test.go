package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
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
	left := []string{
		mkdir(pageDirPrefix + lease() + "-1"),  // ours
		mkdir(pageDirPrefix + "1-2-3-4"),       // of another pid namespace
		mkdir(pageDirPrefix + "0-5"),           // of nobody known
		mkdir("something else"),                //
		mkdir("somebody-" + gone + "-" + "12"), // not ours at all
	}
	swept := mkdir(pageDirPrefix + gone + "-77")
	sweep(left[0])
	for _, dir := range left {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("swept away: %v", err)
		}
	}
	if _, err := os.Stat(swept); !os.IsNotExist(err) {
		t.Errorf("%s is still there (%v)", swept, err)
	}
}
