package callbacks_test

import (
	"fmt"

	"github.com/trainwatch/trainwatch/callbacks"
)

// A nil *Callbacks is what a program has that runs unwatched.
func Example() {
	var cb *callbacks.Callbacks
	cb.OnTrainBegin(callbacks.Plan{MaxSteps: 3})
	for step := range 3 {
		done := cb.Phase(callbacks.DataWait)
		batch := float64(step)
		done()
		cb.OnStep(callbacks.Step{Loss: 1 / (1 + batch), Tokens: 512})
	}
	cb.OnTrainEnd()
	fmt.Println("trained")
	// Output: trained
}
