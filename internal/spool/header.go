package spool

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"
)

const (
	headerMagic = "TWSPOOL1"
	headerFixed = 96
	// maxSchema bounds the schema, and with it what a header may claim.
	maxSchema = 64 << 10
)

var errHeader = errors.New("spool: not a segment, or a damaged one")

// header is what a segment says about its writer.
type header struct {
	host    Host
	created time.Time
	booted  time.Duration // since boot, when created; 0 unknown
	schema  []byte
}

// encode returns the header's bytes.
func (h header) encode() []byte {
	n := headerFixed + len(h.schema) + 4
	b := make([]byte, 0, n)
	b = append(b, headerMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.host.PID))
	b = append(b, h.host.Boot[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.host.PIDNamespace)
	b = binary.LittleEndian.AppendUint64(b, h.host.Start)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.created.UnixNano()))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.booted))
	sum := sha256.Sum256(h.schema)
	b = append(b, sum[:]...)
	b = append(b, h.schema...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli()))
}

// parseHeader decodes the header at the start of b and returns its length too.
func parseHeader(b []byte) (header, int, error) {
	if len(b) < headerFixed+4 || string(b[:8]) != headerMagic {
		return header{}, 0, errHeader
	}
	n := binary.LittleEndian.Uint32(b[8:])
	if n < headerFixed+4 || n > headerFixed+4+maxSchema || uint64(n) > uint64(len(b)) {
		return header{}, 0, errHeader
	}
	if crc32.Checksum(b[:n-4], castagnoli()) != binary.LittleEndian.Uint32(b[n-4:]) {
		return header{}, 0, errHeader
	}
	var h header
	h.host.PID = int(binary.LittleEndian.Uint32(b[12:]))
	copy(h.host.Boot[:], b[16:])
	h.host.PIDNamespace = binary.LittleEndian.Uint64(b[32:])
	h.host.Start = binary.LittleEndian.Uint64(b[40:])
	h.created = time.Unix(0, int64(binary.LittleEndian.Uint64(b[48:])))
	h.booted = time.Duration(binary.LittleEndian.Uint64(b[56:]))
	h.schema = append([]byte(nil), b[headerFixed:n-4]...)
	if sha256.Sum256(h.schema) != [32]byte(b[64:96]) {
		return header{}, 0, errHeader
	}
	return h, int(n), nil
}
