package main

import (
	"math"
	"math/rand/v2"
)

// arms is how many spirals there are: the classes.
const arms = 3

// point is one example.
type point struct {
	x     [2]float64
	class int
}

// spirals makes n points on three interleaved spirals with some noise: a task
// that no straight line solves and a small network does.
func spirals(random *rand.Rand, n int) []point {
	points := make([]point, n)
	for i := range points {
		class := i % arms
		r := random.Float64()
		angle := 8*r + 2*math.Pi*float64(class)/arms + 0.25*random.NormFloat64()
		points[i] = point{x: [2]float64{r * math.Cos(angle), r * math.Sin(angle)}, class: class}
	}
	return points
}
