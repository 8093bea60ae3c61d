package event

// Name is the name of an event: one of the constants below.
type Name string

// The events. When each is made stands in the privacy page.
const (
	SystemInfo    Name = "system_info"
	TrainStart    Name = "train_start"
	TrainProgress Name = "train_progress"
	TrainEpoch    Name = "train_epoch"
	TrainEnd      Name = "train_end"
	Exception     Name = "$exception"
	FeatureUsed   Name = "feature_used"
	Operation     Name = "operation"
)

// Names lists the events in the order in which a run makes them.
func Names() []Name {
	return []Name{SystemInfo, TrainStart, TrainProgress, TrainEpoch, TrainEnd, Exception, FeatureUsed, Operation}
}

// on is a set of events: those which may carry a property.
type on uint16

const (
	onSystem on = 1 << iota
	onStart
	onProgress
	onEpoch
	onEnd
	onException
	onFeature
	onOperation

	onAll    = onSystem | onStart | onProgress | onEpoch | onEnd | onException | onFeature | onOperation
	onStats  = onProgress | onEnd
	onNone   = on(0) // columns of a row
	onDeaths = onEnd | onException
)

// bit returns the set of n alone; 0 for what is no event.
func (n Name) bit() on {
	for i, name := range Names() {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

func (o on) names() []string {
	names := []string{}
	for _, n := range Names() {
		if o&n.bit() != 0 {
			names = append(names, string(n))
		}
	}
	return names
}
