package nvidia

// capability is a CUDA compute capability, 9.0 as {9, 0}.
type capability struct{ major, minor int }

// coresPerSM is the number of FP32 cores in one streaming multiprocessor, 0
// where it is not known. From the CUDA programming guide, "Arithmetic
// instructions", throughput of 32-bit floating-point add.
func (c capability) coresPerSM() int {
	switch c {
	case capability{6, 0}, capability{7, 0}, capability{7, 2}, capability{7, 5}, capability{8, 0}:
		return 64
	case capability{6, 1}, capability{6, 2}, capability{8, 6}, capability{8, 7}, capability{8, 9},
		capability{9, 0}, capability{10, 0}, capability{10, 3}, capability{11, 0},
		capability{12, 0}, capability{12, 1}:
		return 128
	}
	return 0
}

// smCount derives the number of streaming multiprocessors from that of cores,
// the one of the two that the driver tells.
func (c capability) smCount(cores int) (int, bool) {
	per := c.coresPerSM()
	if per == 0 || cores <= 0 || cores%per != 0 {
		return 0, false
	}
	return cores / per, true
}

// arch is the architecture's name, "" where it is not known.
func (c capability) arch() string {
	switch c.major {
	case 5:
		return "maxwell"
	case 6:
		return "pascal"
	case 7:
		if c.minor == 5 {
			return "turing"
		}
		return "volta"
	case 8:
		if c.minor == 9 {
			return "ada"
		}
		return "ampere"
	case 9:
		return "hopper"
	case 10, 11, 12:
		return "blackwell"
	}
	return ""
}
