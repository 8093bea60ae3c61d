package settings

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// DefaultHistoryBytes is what the recorded runs may take where nobody said
// otherwise: 500 MB.
const DefaultHistoryBytes = 500_000_000

const unlimited = "unlimited"

// space returns the first word that is an amount of disk, 0 for any amount.
func (l *loader) space(otherwise int64, words ...word) int64 {
	for _, w := range words {
		text := strings.TrimSpace(w.text)
		if text == "" {
			continue
		}
		n, ok := parseBytes(text)
		if !ok {
			l.warn(w, "%q is no size; write one like 500MB or 2GiB, or %s", text, unlimited)
			continue
		}
		return n
	}
	return otherwise
}

// age returns the first word that is a length of time, 0 for any time.
func (l *loader) age(words ...word) time.Duration {
	for _, w := range words {
		text := strings.TrimSpace(w.text)
		if text == "" {
			continue
		}
		if strings.EqualFold(text, unlimited) {
			return 0
		}
		d, ok := ParseAge(text)
		if !ok {
			l.warn(w, "%q is no length of time; write one like 12h, 90d or 8w, or %s", text, unlimited)
			continue
		}
		return d
	}
	return 0
}

// parseBytes reads "500MB", "1.5 GiB", "unlimited". A number without a unit is
// of bytes. Nothing at all is not allowed: whoever wants no history disables it.
func parseBytes(text string) (int64, bool) {
	if strings.EqualFold(text, unlimited) {
		return 0, true
	}
	digits := strings.TrimRight(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	factor, ok := map[string]float64{
		"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}[strings.ToLower(strings.TrimSpace(text[len(digits):]))]
	n, err := strconv.ParseFloat(digits, 64)
	if bytes := n * factor; ok && err == nil && bytes >= 1 && bytes < math.MaxInt64 {
		return int64(bytes), true
	}
	return 0, false
}

// ParseAge reads a length of time of any size: "90m", "12h", "90d", "8w".
func ParseAge(text string) (time.Duration, bool) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || !(n > 0) || n*float64(unit) > math.MaxInt64/2 {
				return 0, false
			}
			return time.Duration(n * float64(unit)), true
		}
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}
