package errors

import "strings"

// hostWords knows what says that the machine ran out of something, or that a
// training program gave up for a reason that many have.
func hostWords(message string) Class {
	for _, known := range [...]struct {
		words string
		class Class
	}{
		{"workers are out of shared memory", SHMExhausted},
		{"insufficient shared memory (shm)", SHMExhausted},
		{"unable to open shared memory object", SHMExhausted},
		{"unable to write to file </torch_", SHMExhausted},
		{"DataLoader worker (pid", DataLoaderWorker},
		{"No space left on device", DiskFull},
		{"Disk quota exceeded", Quota},
		{"oom_kill event", HostOOM},
		{"oom-kill event", HostOOM},
		{"returned nan values in its", NaNLoss},
		{"The loss returned in `training_step` is nan or inf", NaNLoss},
	} {
		if strings.Contains(message, known.words) {
			return known.class
		}
	}
	// "Loss is nan, stopping training", and what other programs make of that.
	if at := indexFold(message, "loss is "); at >= 0 {
		rest := strings.ToLower(message[at+len("loss is "):])
		for _, word := range [...]string{"nan", "not finite", "inf"} {
			if strings.HasPrefix(rest, word) {
				return NaNLoss
			}
		}
	}
	return ""
}

// indexFold finds an ASCII word in any case.
func indexFold(s, word string) int {
	for i := 0; i+len(word) <= len(s); i++ {
		if (s[i]|0x20) == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return i
		}
	}
	return -1
}
