//go:build unix

package spool_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trainwatch/trainwatch/internal/spool"
)

// TestMain lets this binary be the other process as well.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SPOOL_TEST_WRITER"); dir != "" {
		writer(dir)
	}
	os.Exit(m.Run())
}

// writer appends three items, acknowledges one, says so and waits to be killed.
func writer(dir string) {
	s, err := spool.Open(dir, []byte(`{"schema":1}`), spool.Options{})
	for i := range 3 {
		if err == nil {
			err = s.Append(item(os.Getpid()*10 + i))
		}
	}
	if err == nil {
		err = s.Ack(item(os.Getpid() * 10).ID)
	}
	fmt.Println("ready", err)
	select {}
}

func startWriter(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SPOOL_TEST_WRITER="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready <nil>\n" {
		t.Fatalf("writer: %q %v", line, err)
	}
	return cmd
}

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill(); _ = cmd.Wait() }

func TestKilledWritersAreAdopted(t *testing.T) {
	dir := t.TempDir()
	dead, living := startWriter(t, dir), startWriter(t, dir)
	kill(dead)
	s := open(t, dir, spool.Options{})
	for range 2 { // asking twice must not give twice
		if _, err := s.Adopt(false); err != nil {
			t.Fatal(err)
		}
	}
	if s.Len() != 2 {
		t.Fatalf("adopted %d of the killed writer's 2", s.Len())
	}
	if n, err := s.Adopt(true); n != 0 || err != nil {
		t.Errorf("a living writer's segment was taken from it: %d, %v", n, err)
	}
	if err := s.Ack(ids(s.Take(10, 1<<20))...); err != nil {
		t.Fatal(err)
	}
	kill(living)
	if n, err := s.Adopt(false); n != 2 || err != nil {
		t.Errorf("adopted %d, %v", n, err)
	}
	if n, err := spool.Count(dir); n != 2 || err != nil {
		t.Errorf("Count %d, %v", n, err)
	}
}

func TestManyAdopters(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		s := open(t, dir, spool.Options{})
		fill(t, s, 10*i, 10*i+10)
		_ = s.Close()
	}
	var mu sync.Mutex
	seen := map[[16]byte]int{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := spool.Open(dir, nil, spool.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Adopt(false); err != nil {
				t.Error(err)
			}
			got := s.Take(1000, 1<<30)
			mu.Lock()
			for _, it := range got {
				seen[it.ID]++
			}
			mu.Unlock()
			if err := s.Ack(ids(got)...); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		})
	}
	wg.Wait()
	if len(seen) != 200 {
		t.Errorf("%d of 200 items adopted", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%x adopted %d times", id, n)
		}
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

func TestUnknownLiveness(t *testing.T) {
	here := spool.ThisHost("/proc")
	otherBoot, otherSpace, dead := here, here, here
	otherBoot.Boot[0]++
	otherSpace.PIDNamespace++
	dead.Start += 1 << 40
	cases := []struct {
		name  string
		host  spool.Host
		late  time.Duration
		force bool
		want  int
	}{
		{"other boot", otherBoot, 0, false, 0},
		{"other boot, a day later", otherBoot, 25 * time.Hour, false, 1},
		{"other boot, insisted", otherBoot, 0, true, 1},
		{"other pid namespace", otherSpace, 0, false, 0},
		{"other pid namespace, a day later", otherSpace, 25 * time.Hour, false, 1},
		{"nothing known", spool.Host{PID: 7}, 0, false, 0},
		{"dead process of here", dead, 0, false, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, spool.Options{Host: c.host})
			fill(t, s, 0, 1)
			_ = s.Close()
			next := open(t, dir, spool.Options{Now: func() time.Time { return time.Now().Add(c.late) }})
			if n, err := next.Adopt(c.force); n != c.want || err != nil {
				t.Errorf("adopted %d, %v; want %d", n, err, c.want)
			}
		})
	}
}

func TestHostileDirectory(t *testing.T) {
	dir := t.TempDir()
	name := func(c byte) string {
		b := make([]byte, 32)
		for i := range b {
			b[i] = c
		}
		return filepath.Join(dir, string(b)+".seg")
	}
	outside := filepath.Join(t.TempDir(), "victim")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(outside, []byte("precious"), 0o600))
	must(syscall.Mkfifo(name('a'), 0o600))
	must(os.Symlink(outside, name('b')))
	must(os.Mkdir(name('c'), 0o700))
	must(os.WriteFile(name('d'), []byte("garbage"), 0o600))
	must(os.WriteFile(name('e'), nil, 0o600))
	huge, err := os.Create(name('f'))
	must(err)
	must(huge.Truncate(1 << 30))
	must(huge.Close())
	must(os.Link(outside, name('0')))
	must(os.Symlink("/dev/zero", name('1')))
	must(os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600))
	sock := filepath.Join(dir, ".new-x")
	must(syscall.Mkfifo(sock, 0o600))

	s := open(t, dir, spool.Options{Now: func() time.Time { return time.Now().Add(48 * time.Hour) }})
	if n, err := s.Adopt(true); n != 0 || err != nil {
		t.Errorf("adopted %d, %v", n, err)
	}
	if n, err := spool.Count(dir); n != 0 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
	fill(t, s, 0, 1)
	if s.Len() != 1 || s.Dropped() != 0 {
		t.Errorf("a file of 1 GiB took the room: dropped %d", s.Dropped())
	}
	must(s.Purge())
	if b, err := os.ReadFile(outside); err != nil || string(b) != "precious" {
		t.Errorf("a file outside was touched: %q %v", b, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "notes.txt")); err != nil {
		t.Error("a stranger's file was removed")
	}
}

func TestPurgeAll(t *testing.T) {
	root := filepath.Join(t.TempDir(), "spool")
	if err := spool.PurgeAll(root); err != nil {
		t.Errorf("nothing there: %v", err)
	}
	a := open(t, filepath.Join(root, "a"), spool.Options{})
	b := open(t, filepath.Join(root, "b"), spool.Options{})
	fill(t, a, 0, 3)
	fill(t, b, 0, 3)
	_ = b.Close()
	if err := spool.PurgeAll(root); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("something is left: %v", err)
	}
	if err := a.Purge(); err != nil || a.Len() != 0 {
		t.Errorf("len %d, %v", a.Len(), err)
	}
}
