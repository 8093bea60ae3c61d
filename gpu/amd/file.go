package amd

import (
	"errors"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"syscall"

	"github.com/trainwatch/trainwatch/gpu"
)

// mostText is more than any of these files holds.
const mostText = 64 << 10

// text reads a small file without its last line end.
func text(files fs.FS, name string) (string, error) {
	b, err := fs.ReadFile(files, name)
	if err != nil {
		return "", err
	}
	if len(b) > mostText {
		b = b[:mostText]
	}
	return strings.TrimSpace(string(b)), nil
}

// stateOf says what a failed read means for the figure.
func stateOf(err error) gpu.State {
	switch {
	case err == nil:
		return gpu.OK
	case errors.Is(err, syscall.ENODEV), errors.Is(err, syscall.ENXIO):
		return gpu.Lost
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission),
		errors.Is(err, syscall.EOPNOTSUPP), errors.Is(err, syscall.EINVAL), errors.Is(err, syscall.ENOSYS):
		return gpu.Unsupported
	}
	return gpu.Stale
}

// whole reads a file that holds one number.
func whole(files fs.FS, name string) gpu.Reading[uint64] {
	t, err := text(files, name)
	if err != nil {
		return gpu.Reading[uint64]{State: stateOf(err)}
	}
	n, err := strconv.ParseUint(t, 10, 64)
	if err != nil {
		return gpu.Reading[uint64]{State: gpu.Stale}
	}
	return gpu.Read(n)
}

// scaled reads a file that holds one number, which may be negative, in other
// units.
func scaled(files fs.FS, name string, by float64) gpu.Reading[float64] {
	t, err := text(files, name)
	if err != nil {
		return gpu.Reading[float64]{State: stateOf(err)}
	}
	n, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return gpu.Reading[float64]{State: gpu.Stale}
	}
	return gpu.Read(float64(n) * by)
}

// percent reads a file that holds a percentage.
func percent(files fs.FS, name string) gpu.Reading[float64] {
	r := scaled(files, name, 1)
	if r.State == gpu.OK && (r.Value < 0 || r.Value > 100) {
		return gpu.Reading[float64]{State: gpu.Stale}
	}
	return r
}

// properties reads lines of a name and a number. What is none is left out.
func properties(t string) map[string]uint64 {
	all := map[string]uint64{}
	for line := range strings.Lines(t) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64); ok && err == nil {
			all[name] = n
		}
	}
	return all
}

// errorCounts reads a RAS file: "ue: 0" and "ce: 0" on lines of their own.
func errorCounts(t string) (uncorrected, corrected uint64, ok bool) {
	var have [2]bool
	for line := range strings.Lines(t) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 64)
		if err != nil {
			continue
		}
		switch name {
		case "ue":
			uncorrected, have[0] = n, true
		case "ce":
			corrected, have[1] = n, true
		}
	}
	return uncorrected, corrected, have[0] && have[1]
}

// arch is the architecture's name by KFD's gfx_target_version, major·10000 +
// minor·100 + stepping; "" where it is not known.
func arch(version uint64) string {
	if version > math.MaxUint32 {
		return ""
	}
	switch major, minor, step := version/10000, version/100%100, version%100; {
	case major == 9 && minor == 5:
		return "cdna4"
	case major == 9 && minor == 4:
		return "cdna3"
	case major == 9 && minor == 0 && step == 10:
		return "cdna2"
	case major == 9 && minor == 0 && step == 8:
		return "cdna"
	case major == 9 || major == 8 || major == 7:
		return "gcn"
	case major == 10 && minor == 1:
		return "rdna"
	case major == 10 && minor == 3:
		return "rdna2"
	case major == 11:
		return "rdna3"
	case major == 12:
		return "rdna4"
	}
	return ""
}

// model is the name by PCI device id, of what is trained on; "" unknown. From
// the amdgpu.ids of libdrm.
func model(id string) string {
	switch id {
	case "0x738c", "0x738e":
		return "AMD Instinct MI100"
	case "0x7408":
		return "AMD Instinct MI250X"
	case "0x740c":
		return "AMD Instinct MI250X"
	case "0x740f":
		return "AMD Instinct MI210"
	case "0x74a0":
		return "AMD Instinct MI300A"
	case "0x74a1", "0x74b5":
		return "AMD Instinct MI300X"
	case "0x74a2":
		return "AMD Instinct MI308X"
	case "0x74a5":
		return "AMD Instinct MI325X"
	case "0x75a0":
		return "AMD Instinct MI350X"
	case "0x75a3":
		return "AMD Instinct MI355X"
	case "0x744c":
		return "AMD Radeon RX 7900 XTX"
	case "0x7448":
		return "AMD Radeon PRO W7900"
	case "0x73bf":
		return "AMD Radeon RX 6900 XT"
	case "0x66af":
		return "AMD Radeon VII"
	}
	return ""
}
