package identity_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/trainwatch/trainwatch/internal/identity"
)

const projectKey = "phc_one"

// homeVariable makes the test binary, started again, tell the id of a home.
const homeVariable = "IDENTITY_TEST_HOME"

func TestMain(m *testing.M) {
	if home := os.Getenv(homeVariable); home != "" {
		id, err := identity.DistinctID(home, projectKey)
		fmt.Println(id, err)
		return
	}
	os.Exit(m.Run())
}

func distinct(t *testing.T, home, key string) uuid.UUID {
	t.Helper()
	id, err := identity.DistinctID(home, key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDistinctID(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "not", "yet")
	if _, ok, err := identity.Peek(home, projectKey); ok || err != nil {
		t.Fatalf("Peek before: %t, %v", ok, err)
	}
	if _, err := os.Stat(home); !os.IsNotExist(err) {
		t.Fatalf("Peek made the state directory: %v", err)
	}
	id := distinct(t, home, projectKey)
	if again := distinct(t, home, projectKey); again != id {
		t.Errorf("a second time: %v, want %v", again, id)
	}
	if peeked, ok, err := identity.Peek(home, projectKey); peeked != id || !ok || err != nil {
		t.Errorf("Peek: %v, %t, %v; want %v", peeked, ok, err, id)
	}
	if other := distinct(t, home, "phc_two"); other == id {
		t.Error("two projects see the same id")
	}
	if elsewhere := distinct(t, t.TempDir(), projectKey); elsewhere == id {
		t.Error("two installations have the same id")
	}
	if id.Version() != 8 || id.Variant() != uuid.RFC4122 || id == identity.Nobody() {
		t.Errorf("id %v has version %d, variant %v", id, id.Version(), id.Variant())
	}
	if err := identity.Reset(home); err != nil {
		t.Fatal(err)
	}
	if fresh := distinct(t, home, projectKey); fresh == id {
		t.Error("after a reset the id is the same")
	}
}

// TestDerivation pins how an id comes from a secret: changing it would give
// every installation a new identity.
func TestDerivation(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i)
	}
	write(t, home, hex.EncodeToString(secret)+"\n")
	const want = "8dc16d50-c2e6-8c08-8df6-3b86074f153a"
	if got := distinct(t, home, projectKey).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func write(t *testing.T, home, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(home, "install"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSecretFile(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // modes say nothing there
	}
	home := filepath.Join(t.TempDir(), "home")
	distinct(t, home, projectKey)
	for path, want := range map[string]os.FileMode{home: 0o700, filepath.Join(home, "install"): 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
		}
	}
	left, err := os.ReadDir(home)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 {
		t.Errorf("beside the secret there is %v", left)
	}
}

func TestDamagedSecret(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("0123456789abcdef", 4)
	for name, text := range map[string]string{
		"empty":        "",
		"cut":          good[:20],
		"without end":  good,
		"too long":     good + "\n\n",
		"not hex":      strings.Repeat("g", 64) + "\n",
		"all zero":     strings.Repeat("0", 64) + "\n",
		"one byte":     strings.Repeat("ab", 32) + "\n",
		"binary":       strings.Repeat("\xff\x00", 40),
		"a large file": strings.Repeat(good+"\n", 10000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			write(t, home, text)
			id, err := identity.DistinctID(home, projectKey)
			if err == nil || id != uuid.Nil {
				t.Fatalf("got %v, %v; want an error", id, err)
			}
			if !strings.Contains(err.Error(), "reset-id") {
				t.Errorf("the error does not say what to do: %v", err)
			}
			if left, _ := os.ReadFile(filepath.Join(home, "install")); string(left) != text {
				t.Error("the damaged file was changed")
			}
			if err := identity.Reset(home); err != nil {
				t.Fatal(err)
			}
			distinct(t, home, projectKey)
		})
	}
}

func TestNoPlaceForASecret(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "install"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, home := range map[string]string{"no home": "", "home is a file": file, "below a file": filepath.Join(file, "x"), "a directory in its place": dir} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if id, err := identity.DistinctID(home, projectKey); err == nil || id != uuid.Nil {
				t.Errorf("got %v, %v; want an error", id, err)
			}
			if id, ok, _ := identity.Peek(home, projectKey); ok || id != uuid.Nil {
				t.Errorf("Peek: %v, %t", id, ok)
			}
		})
	}
}

func TestRaceOfGoroutines(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	ids := make([]uuid.UUID, 100)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			id, err := identity.DistinctID(home, projectKey)
			if err != nil {
				t.Error(err)
			}
			ids[i] = id
		})
	}
	wg.Wait()
	for _, id := range ids {
		if id != ids[0] || id == uuid.Nil {
			t.Fatalf("two ids for one home: %v and %v", ids[0], id)
		}
	}
}

func TestRaceOfProcesses(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	said := make([]string, 100)
	var wg sync.WaitGroup
	for i := range said {
		wg.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), homeVariable+"="+home)
			out, err := cmd.Output()
			if err != nil {
				t.Error(err)
			}
			said[i] = string(out)
		})
	}
	wg.Wait()
	want := distinct(t, home, projectKey).String() + " <nil>\n"
	for _, s := range said {
		if s != want {
			t.Errorf("a process said %q, want %q", s, want)
		}
	}
}

func TestRunID(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "home")
	id := func(name string) uuid.UUID {
		t.Helper()
		id, err := identity.RunID(home, name)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := id("my secret project")
	if first.Version() != 7 {
		t.Errorf("%v is of version %d, want 7", first, first.Version())
	}
	if again := id("my secret project"); again != first {
		t.Errorf("the same name gives %v and %v", first, again)
	}
	for _, other := range []string{"my secret project ", "", "../../escape", strings.Repeat("x", 5000), "\x00"} {
		if id(other) == first {
			t.Errorf("%q has the id of another name", other)
		}
	}
	if elsewhere, err := identity.RunID(t.TempDir(), "my secret project"); err != nil || elsewhere == first {
		t.Errorf("the id follows from the name alone: %v, %v", elsewhere, err)
	}
	ids := make([]uuid.UUID, 50)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() { ids[i], _ = identity.RunID(home, "raced") })
	}
	wg.Wait()
	for _, got := range ids {
		if got != ids[0] {
			t.Fatalf("a raced name has ids %v and %v", ids[0], got)
		}
	}
}

func TestRunIDWithoutAHome(t *testing.T) {
	t.Parallel()
	id, err := identity.RunID("", "name")
	if err == nil || id == uuid.Nil {
		t.Errorf("got %v, %v; want a usable id and an error", id, err)
	}
	home := t.TempDir()
	if _, err := identity.RunID(home, "name"); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(home, "names", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("rubbish\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if id, err := identity.RunID(home, "name"); err == nil || id == uuid.Nil {
		t.Errorf("a damaged name gives %v, %v; want a usable id and an error", id, err)
	}
}
