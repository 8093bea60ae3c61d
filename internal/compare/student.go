package compare

import "math"

// studentT returns the p-quantile of Student's t distribution, for p above 0.5.
// It inverts the distribution function by bisection.
func studentT(p float64, freedom int) float64 {
	low, high := 0.0, 1.0
	for studentCDF(high, freedom) < p && high < 1e9 {
		high *= 2
	}
	for range 100 {
		middle := (low + high) / 2
		if studentCDF(middle, freedom) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return (low + high) / 2
}

// studentCDF is the distribution function for a whole number of degrees of
// freedom and t from 0 on, in closed form (Abramowitz & Stegun, 26.7.3 and
// 26.7.4).
func studentCDF(t float64, freedom int) float64 {
	theta := math.Atan(t / math.Sqrt(float64(freedom)))
	sin, cos := math.Sincos(theta)
	var inside float64 // probability of −t … t
	if freedom%2 == 1 {
		sum, term := 0.0, cos
		for i := 1; i <= freedom-2; i += 2 {
			sum += term
			term *= cos * cos * float64(i+1) / float64(i+2)
		}
		inside = 2 / math.Pi * (theta + sin*sum)
	} else {
		sum, term := 0.0, 1.0
		for i := 0; i <= freedom-2; i += 2 {
			sum += term
			term *= cos * cos * float64(i+1) / float64(i+2)
		}
		inside = sin * sum
	}
	return (1 + inside) / 2
}
