package event

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Client tells who sends: the command, or a program that embeds trainwatch.
type Client string

// The clients.
const (
	ClientCLI     Client = "cli"
	ClientLibrary Client = "library"
)

// Identity is what all events of a Stream have in common.
type Identity struct {
	RunID     uuid.UUID // zero: a new one
	SessionID uuid.UUID // a uuid v7, new for each attempt; zero: a new one
	// DistinctID is whom PostHog counts; zero: the run, as with identity = "run".
	DistinctID uuid.UUID
	Attempt    int64
	Client     Client
	Version    string // trainwatch's own; left out unless it is a plain version
	// App and AppVersion name the embedding program; "" for trainwatch itself.
	App, AppVersion string
	WorldSize       int64 // 0 unknown
	// FirstSeq is the number of the first event: more than 0 only where another
	// process of this attempt has sent those before it.
	FirstSeq int64

	// Made is told of each event before anybody has it, with the number of the
	// next and the world size; nil: nobody wants to know. It must not use the Stream.
	Made func(n Name, next, worldSize int64)
	// Random is where the random part of uuids comes from; nil: the operating
	// system. Tests that pin bytes set it.
	Random io.Reader
}

// sessionLife is when a session is renewed: PostHog refuses one that began
// more than 24 hours ago.
const sessionLife = 20 * time.Hour

// sessionSkew is how far the clock may be set back before a session that then
// lies in the future is renewed.
const sessionSkew = 5 * time.Minute

// Stream makes the events of one run for one recipient: it stamps what they
// have in common and numbers them. It is safe for use from several goroutines.
// A nil Stream makes no events.
type Stream struct {
	id  Identity
	now func() time.Time

	mu      sync.Mutex
	fixed   map[string]string // what is the same on every event
	seq     int64
	session uuid.UUID
	began   time.Time
}

// NewStream returns a Stream that begins at seq 0. It calls now once for each event.
func NewStream(id Identity, now func() time.Time) *Stream {
	s := &Stream{id: id, now: now, session: id.SessionID, fixed: map[string]string{}, seq: max(id.FirstSeq, 0)}
	if s.id.RunID == uuid.Nil {
		s.id.RunID = newUUID(now(), id.Random)
	}
	if s.id.DistinctID == uuid.Nil {
		s.id.DistinctID = s.id.RunID
	}
	if s.id.App == "" {
		s.id.App, s.id.AppVersion = ownApp, s.id.Version
	}
	if s.session.Version() == 7 {
		s.began = timeOf(s.session)
	}
	s.stamp()
	return s
}

// ownApp is the app of the command itself.
const ownApp = "trainwatch"

func (s *Stream) stamp() {
	for _, d := range commonTable() {
		if d.always != "" {
			s.fixed[d.name] = d.always
		}
	}
	for _, v := range []struct {
		d    *def
		json string
	}{
		{&runID, runID.ofText(s.id.RunID.String())},
		{&attempt, attempt.ofInt(s.id.Attempt)},
		{&client, client.ofText(string(s.id.Client))},
		{&trainwatchVersion, trainwatchVersion.ofText(s.id.Version)},
		{&app, app.ofText(s.id.App)},
		{&appVersion, appVersion.ofText(s.id.AppVersion)},
		{&worldSize, worldSize.ofInt(s.id.WorldSize)},
	} {
		if v.json != "" {
			s.fixed[v.d.name] = v.json
		}
	}
}

// SetWorldSize tells how many processes train together, where that became known
// after NewStream; it is on the events made from then on. A size that the key
// does not admit, 0 among them, changes nothing.
func (s *Stream) SetWorldSize(n int64) {
	if s == nil {
		return
	}
	json := worldSize.ofInt(n)
	if json == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fixed[worldSize.name], s.id.WorldSize = json, n
}

// RunID returns the run's id, also where NewStream made it.
func (s *Stream) RunID() uuid.UUID {
	if s == nil {
		return uuid.Nil
	}
	return s.id.RunID
}

// New makes an event of the given attributes. An attribute whose key does not
// belong to the event is dropped; of two with the same key the later counts.
// It returns the zero Event, without using up a number, if n is no event.
func (s *Stream) New(n Name, a ...Attr) Event {
	bit := n.bit()
	if s == nil || bit == 0 {
		return Event{}
	}
	values := make(map[string]string, len(a)+16)
	add(values, bit, a)

	s.mu.Lock()
	defer s.mu.Unlock()
	for name, json := range s.fixed {
		values[name] = json
	}
	now := instant(s.now())
	if age := now.Sub(s.began); s.began.IsZero() || age >= sessionLife || age < -sessionSkew {
		s.session, s.began = newUUID(now, s.id.Random), now
	}
	values[sessionID.name] = quote(s.session.String())
	values[seq.name] = seq.ofInt(s.seq)
	e := &event{
		name: n, id: newUUID(now, s.id.Random), distinct: s.id.DistinctID,
		time: now, seq: s.seq, props: sorted(values),
	}
	s.seq++
	if s.id.Made != nil {
		s.id.Made(n, s.seq, s.id.WorldSize)
	}
	return Event{e}
}

func add(values map[string]string, bit on, attrs []Attr) {
	for _, a := range attrs {
		if a.d != nil && a.d.events&bit != 0 && a.json != "" {
			values[a.d.name] = a.json
		}
		add(values, bit, a.also)
	}
}

// newUUID makes a uuid v7 of the given time (RFC 9562, section 5.7).
func newUUID(t time.Time, random io.Reader) uuid.UUID {
	var id uuid.UUID
	if random == nil {
		random = rand.Reader
	}
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		_, _ = rand.Read(id[6:]) // never fails: it ends the program instead
	}
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(max(t.UnixMilli(), 0)))
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

// timeOf returns when a uuid v7 was made.
func timeOf(id uuid.UUID) time.Time {
	var ms [8]byte
	copy(ms[2:], id[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:]))).UTC()
}
