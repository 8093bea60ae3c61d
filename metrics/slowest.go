package metrics

// mostSlow is how many of the slowest steps are kept.
const mostSlow = 10

// slowest keeps the slowest steps seen, slowest first. Of two that took
// equally long, the earlier comes first.
type slowest struct {
	steps [mostSlow]SlowStep
	n     int
}

func (s *slowest) add(step SlowStep) {
	i := s.n
	if i == mostSlow {
		if step.Took <= s.steps[i-1].Took {
			return
		}
		i--
	} else {
		s.n++
	}
	for ; i > 0 && s.steps[i-1].Took < step.Took; i-- {
		s.steps[i] = s.steps[i-1]
	}
	s.steps[i] = step
}

func (s *slowest) list() []SlowStep {
	return append([]SlowStep(nil), s.steps[:s.n]...)
}
