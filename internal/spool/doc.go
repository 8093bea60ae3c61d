// Package spool keeps events on disk until they are delivered: a bounded queue
// that survives a killed process and is shared by many of them.
//
// It knows bytes only. What an event is, whether it may be sent and to whom
// are questions for the rooms above; a spool is one directory, and one
// directory belongs to one recipient.
//
// Each process writes a segment of its own, so that writers never wait for
// each other: a file made under a hidden name, locked (flock) and then renamed
// into sight, hence never visible without its lock. The lock is held for life.
// A segment that can be locked has lost its writer, and whoever locks it first
// adopts it: renames it and delivers what is in it. Delivery is recorded by
// appending to the segment; an emptied one is removed.
//
// Locks say nothing across hosts or containers that share a directory but not
// a lock table, so a segment from another boot or another pid namespace is
// left alone for a day, unless somebody insists. Delivering twice is harmless
// (the receiver drops duplicates by ID); delivering never is the loss to avoid.
//
// A spool must not fail its owner. Where no segment can be made (read-only or
// full disk, no lock) it holds a small amount in memory and counts the rest as
// dropped. It may block, though, for as long as the filesystem does: use it
// from one goroutine that nobody waits for. A Spool is not safe for concurrent
// use; the functions Count and PurgeAll are.
//
// # Segment
//
// Integers are little endian. A header:
//
//	0   8  magic "TWSPOOL1"
//	8   4  length of the header with its schema and checksum
//	12  4  process id of the writer, in its own pid namespace
//	16  16 boot id
//	32  8  pid namespace (inode), 0 unknown
//	40  8  start time of the writer in clock ticks since boot, 0 unknown
//	48  8  created, nanoseconds since 1970
//	56  8  created, nanoseconds since boot, suspended time included, 0 unknown
//	64  32 SHA-256 of the schema
//	96  n  schema, as handed to Open
//	…   4  CRC-32C of all before
//
// then frames:
//
//	0   4  magic F5 54 57 FA: the outer bytes occur in no UTF-8 text
//	4   1  kind: 1 item, 2 acknowledgement
//	5   1  flags: bit 0 keep
//	6   2  zero
//	8   4  length of the payload
//	12  4  age of the segment in seconds
//	16  16 ID (zero in an acknowledgement, whose payload is a list of IDs)
//	32  4  CRC-32C of bytes 4 to 32 and the payload
//	36  n  payload
//
// A reader that meets a damaged frame looks for the next magic: a torn tail or
// a flipped bit costs the frames it touches and no others.
package spool
