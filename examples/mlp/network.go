package main

import (
	"math"
	"math/rand/v2"
)

// network is a multi-layer perceptron: affine layers with ReLU between them,
// softmax cross-entropy at the end.
type network struct{ layers []*layer }

// layer holds one affine map, its gradient, its momentum, and what the last
// forward pass went through.
type layer struct {
	in, out         int
	w, dw, vw       []float64 // out × in, row after row
	b, db, vb       []float64
	input, z, delta []float64
}

// newNetwork makes a network with the given widths; weights by He et al. (2015).
func newNetwork(random *rand.Rand, widths ...int) *network {
	n := &network{}
	for i := 1; i < len(widths); i++ {
		in, out := widths[i-1], widths[i]
		l := &layer{
			in: in, out: out,
			w: make([]float64, in*out), dw: make([]float64, in*out), vw: make([]float64, in*out),
			b: make([]float64, out), db: make([]float64, out), vb: make([]float64, out),
			input: make([]float64, in), z: make([]float64, out), delta: make([]float64, out),
		}
		for j := range l.w {
			l.w[j] = random.NormFloat64() * math.Sqrt(2/float64(in))
		}
		n.layers = append(n.layers, l)
	}
	return n
}

func (n *network) parameters() (count int) {
	for _, l := range n.layers {
		count += len(l.w) + len(l.b)
	}
	return count
}

// forward returns the class probabilities of x; valid until the next call.
func (n *network) forward(x []float64) []float64 {
	for i, l := range n.layers {
		copy(l.input, x)
		for o := range l.out {
			sum := l.b[o]
			for j, w := range l.w[o*l.in : (o+1)*l.in] {
				sum += w * l.input[j]
			}
			if i < len(n.layers)-1 {
				sum = max(sum, 0)
			}
			l.z[o] = sum
		}
		x = l.z
	}
	softmax(x)
	return x
}

// gradient sums the loss's gradient over the batch and returns the mean loss.
func (n *network) gradient(batch []point) float64 {
	loss := 0.0
	for _, l := range n.layers {
		clear(l.dw)
		clear(l.db)
	}
	for i := range batch {
		p := n.forward(batch[i].x[:])
		loss -= math.Log(max(p[batch[i].class], 1e-300))
		n.backward(p, batch[i].class, 1/float64(len(batch)))
	}
	return loss / float64(len(batch))
}

func (n *network) backward(p []float64, class int, scale float64) {
	last := n.layers[len(n.layers)-1]
	copy(last.delta, p)
	last.delta[class]--
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := n.layers[i]
		var below []float64
		if i > 0 {
			below = n.layers[i-1].delta
			clear(below)
		}
		for o, d := range l.delta {
			if d == 0 {
				continue
			}
			l.db[o] += scale * d
			row := l.w[o*l.in : (o+1)*l.in]
			drow := l.dw[o*l.in : (o+1)*l.in]
			for j, x := range l.input {
				drow[j] += scale * d * x
			}
			for j := range below {
				below[j] += d * row[j]
			}
		}
		for j := range below { // through the ReLU
			if n.layers[i-1].z[j] <= 0 {
				below[j] = 0
			}
		}
	}
}

// descend takes one step of SGD with momentum and returns the gradient's norm.
func (n *network) descend(rate float64) float64 {
	const momentum = 0.9
	norm := 0.0
	move := func(w, dw, v []float64) {
		for i, g := range dw {
			norm += g * g
			v[i] = momentum*v[i] - rate*g
			w[i] += v[i]
		}
	}
	for _, l := range n.layers {
		move(l.w, l.dw, l.vw)
		move(l.b, l.db, l.vb)
	}
	return math.Sqrt(norm)
}

// accuracy returns the share of points whose likeliest class is the right one.
func (n *network) accuracy(points []point) float64 {
	right := 0
	for i := range points {
		p, best := n.forward(points[i].x[:]), 0
		for c := range p {
			if p[c] > p[best] {
				best = c
			}
		}
		if best == points[i].class {
			right++
		}
	}
	return float64(right) / float64(len(points))
}

func softmax(z []float64) {
	top := z[0]
	for _, v := range z {
		top = max(top, v)
	}
	sum := 0.0
	for i, v := range z {
		z[i] = math.Exp(v - top)
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
}
