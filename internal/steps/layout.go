package steps

// Sizes of a page, in bytes unless said otherwise. docs/step-page.md has the
// whole layout.
const (
	PageSize   = 1 << 20
	HeaderSize = 8192
	RecordSize = 64
	Records    = (PageSize - HeaderSize) / RecordSize // 16,256
	Buckets    = 592
)

// A page is handled as 64-bit words throughout. In a file they are
// little-endian; on the heap they are the machine's own.
const (
	pageWords   = PageSize / 8
	headerWords = HeaderSize / 8
	recordWords = RecordSize / 8
)

const (
	magic   = 0x01_53_50_45_54_53_57_54 // "TWSTEPS\x01" as a little-endian word
	version = 1
)

// Words of the header.
const (
	wMagic          = 0
	wVersion        = 1 // version, header size
	wSizes          = 2 // record size, record count
	wPID            = 3 // pid, source
	wStartTime      = 4
	wBaseMonotonic  = 5
	wBaseUnix       = 6
	wRank           = 7 // rank, world size
	wLocalRank      = 8 // local rank, runtime version
	wPlannedSteps   = 9
	wPlannedEpochs  = 10
	wHead           = 16
	wSteps          = 24
	wTimedSteps     = 25
	wLastStep       = 26
	wEpoch          = 27
	wEpochsComplete = 28
	wTokens         = 29
	wFirstStepAt    = 30
	wLastStepAt     = 31
	wStepSum        = 32
	wStepMax        = 33
	wPhase          = 34 // six words
	wLoss           = 40
	wLearningRate   = 41
	wGradNorm       = 42
	wBeginAt        = 43
	wEndAt          = 44
	wMemory         = 45 // five words
	wSettled        = 50
	wTold           = 51
	wHist           = 128
)

// unknownFloat is the one NaN that is written, so that every language's page
// is the same bytes: Go's own math.NaN has another payload.
const unknownFloat = 0x7FF8_0000_0000_0000

// minusOne is −1 as a word: unknown, none, not timed.
const minusOne = ^uint64(0)

// Kind is what a record tells.
type Kind uint8

// The kinds of records. A reader skips the ones it does not know.
const (
	KindBegin      Kind = 1
	KindStep       Kind = 2
	KindEpoch      Kind = 3 // an epoch ended
	KindPhaseBegin Kind = 4
	KindPhaseEnd   Kind = 5
	KindMemory     Kind = 6
	KindEnd        Kind = 7
	KindEpochBegin Kind = 8
)

// Phase is what a loop does that is not a training step.
type Phase uint8

// The phases. Anything that is none of the first four is Other.
const (
	DataWait   Phase = 1
	Eval       Phase = 2
	Checkpoint Phase = 3
	Compile    Phase = 4
	Other      Phase = 5
)

// Phases is the length of Header.Phase; index 0 is unused.
const Phases = 6

func (p Phase) known() Phase {
	if p < DataWait || p > Other {
		return Other
	}
	return p
}

// Source is who reports the steps. Where several could, the one that knows
// most wins.
type Source uint32

// The sources.
const (
	SourceUnknown   Source = 0
	SourceGo        Source = 1
	SourcePython    Source = 2 // import trainwatch, by hand
	SourceTorch     Source = 3 // torch's optimizer hook
	SourceHF        Source = 4 // Hugging Face Trainer
	SourceLightning Source = 5
	SourceKeras     Source = 6
	SourceOther     Source = 7 // another language
)

// String returns the source's name, "unknown" for one that is not listed.
func (s Source) String() string {
	switch s {
	case SourceGo:
		return "go"
	case SourcePython:
		return "python"
	case SourceTorch:
		return "torch"
	case SourceHF:
		return "hf"
	case SourceLightning:
		return "lightning"
	case SourceKeras:
		return "keras"
	case SourceOther:
		return "other"
	}
	return "unknown"
}

// StepData is what a loop knows about a step. What it does not know is −1 for
// Tokens and NaN for the rest.
type StepData struct {
	Step         int64 // the framework's own global step; ≤0: one more than the last, 1 for the first
	Tokens       int64 // of this step; −1 unknown
	Loss         float64
	LearningRate float64
	GradNorm     float64
}

// MemoryData is what the framework's own GPU allocator says; −1 unknown.
type MemoryData struct {
	Allocated int64 // bytes
	Reserved  int64 // bytes
	Peak      int64 // bytes, peak of Allocated
	Retries   int64 // allocations that had to free the cache first
	OOMs      int64 // out-of-memory errors, those recovered from included
}

// Identity is whose page it is.
type Identity struct {
	PID       int    // as the process sees itself
	StartTime uint64 // field 22 of /proc/PID/stat, clock ticks since boot; 0 unknown
	Rank      int    // global rank; −1 unknown
	WorldSize int    // −1 unknown
	LocalRank int    // −1 unknown
	Source    Source
	Runtime   uint32 // version of the language runtime, major×65536 + minor×256 + patch; 0 unknown
}
