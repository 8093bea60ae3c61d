package steps

// unsettled is how many records' totals a reader makes up for at most. Writers
// that leave any behind write them long before.
const unsettled = 1024

// settle adds to the header's totals what the writer has left to its readers:
// the steps among the records from number settled to head. To keep them with
// each step costs a writer in Python two fifths of what a step does.
func (r *Reader) settle(head uint64) error {
	settled := r.header[wSettled]
	if settled == 0 || settled >= head || head-settled > unsettled {
		return nil
	}
	for n := settled; n < head; {
		slot := n % Records
		raw := r.raw[:min(head-n, chunk, Records-slot)*recordWords]
		if err := r.from.read(raw, headerWords+int(slot)*recordWords); err != nil {
			return err
		}
		n += uint64(len(raw) / recordWords)
		for ; len(raw) > 0; raw = raw[recordWords:] {
			if rec := decodeRecord((*[recordWords]uint64)(raw)); rec.Kind == KindStep {
				r.count(&rec)
			}
		}
	}
	return nil
}

// count adds one step to the totals.
func (r *Reader) count(step *Record) {
	r.header[wSteps]++
	r.header[wLastStep], r.header[wLastStepAt] = uint64(step.Step), uint64(step.At)
	if step.Took >= 0 {
		r.header[wTimedSteps]++
		r.header[wStepSum] += uint64(step.Took)
		r.header[wStepMax] = max(r.header[wStepMax], uint64(step.Took))
		r.header[wHist+Bucket(step.Took)]++
	}
}
