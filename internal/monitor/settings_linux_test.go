package monitor

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestDecodeSettings(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ok   bool
		kept int
	}{
		"all kinds":          {`{"v":1,"framework":"torch","packages":{"torch":"2.5.1"},"settings":{"batch_size":8,"lora":true,"precision":"bf16"}}`, true, 3},
		"nothing":            {`{"v":1}`, true, 0},
		"wrong shapes go":    {`{"v":1,"settings":{"a":null,"b":[1],"c":{"d":1},"batch_size":1}}`, true, 1},
		"a long text goes":   {`{"v":1,"settings":{"a":"` + strings.Repeat("x", 999) + `"}}`, true, 0},
		"another version":    {`{"v":2,"settings":{"batch_size":8}}`, false, 0},
		"half a file":        {`{"v":1,"settings":{"batch_si`, false, 0},
		"packages no map":    {`{"v":1,"packages":[1]}`, false, 0},
		"too many":           {`{"v":1,"settings":{` + strings.TrimSuffix(many(65), ",") + `}}`, false, 0},
		"not even an object": {`7`, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := decodeSettings([]byte(c.text))
			if (err == nil) != c.ok || err == nil && len(s.Values) != c.kept {
				t.Errorf("%d values, error %v; want %d, ok %v", len(s.Values), err, c.kept, c.ok)
			}
			_ = s.attrs("/nowhere") // never panics, whatever it holds
			_ = s.packageAttrs()
		})
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"a` + strings.Repeat("b", i) + `":1,`)
	}
	return b.String()
}

func TestSettingsFileThatIsNone(t *testing.T) {
	dir := t.TempDir()
	fifo, large := filepath.Join(dir, "fifo"), filepath.Join(dir, "large")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(large, make([]byte, maxSettingsFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{fifo, large, dir, filepath.Join(dir, "missing")} {
		if _, err := readSettings(name); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzDecodeSettings(f *testing.F) {
	f.Add([]byte(`{"v":1,"packages":{"torch":"2.5.1"},"settings":{"batch_size":8,"model":"meta-llama/Llama-3.1-8B"}}`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if s, err := decodeSettings(data); err == nil {
			_, _ = s.attrs("/nowhere"), s.packageAttrs()
		}
	})
}

func TestWhyNoSteps(t *testing.T) {
	for name, c := range map[string]struct {
		files   []string
		command string
		want    string
	}{
		"no memory filesystem": {nil, "python train.py", "there is no memory filesystem for step pages"},
		"kept out":             {[]string{"other"}, "python train.py", "trainwatch was told to keep out of Python"},
		"not Python":           {[]string{"python/x"}, "./train", "no Python ran that let trainwatch in"},
		"python -I":            {[]string{"python/x"}, "env A=1 python3.11 -I train.py", "python -I keeps trainwatch out"},
		"python -uE":           {[]string{"python/x"}, "python3 -uE train.py", "python -E keeps trainwatch out"},
		"an option of theirs":  {[]string{"python/x"}, "python3 train.py -E", "no Python ran that let trainwatch in"},
		"python -m":            {[]string{"python/x"}, "python3 -mEgg -S", "no Python ran that let trainwatch in"},
		"a container":          {[]string{"python/x"}, "docker run image python train.py", "docker runs the program where trainwatch's files are not"},
		"plain Python":         {[]string{"python/__pycache__/sitecustomize.cpython-311.pyc"}, "python a.py", "Python was there, but no framework that trainwatch knows"},
		"torch": {
			[]string{"python/__pycache__/sitecustomize.cpython-311.pyc", "python/_trainwatch/__pycache__/optimizer.cpython-311.pyc"},
			"python a.py", "torch was there, but no optimizer made a step that torch tells of",
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := ""
			if c.files != nil {
				dir = t.TempDir()
			}
			for _, file := range c.files {
				path := filepath.Join(dir, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got := whyNoSteps(dir, strings.Fields(c.command)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
