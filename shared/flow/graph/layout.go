package graph

import (
	"cmp"
	"slices"

	"huawu/shared/flow"
)

// Sizes of the drawing, in pixels.
const (
	boxWidth  = 220
	boxHeight = 58
	gapX      = 36
	gapY      = 64
	margin    = 24
)

// layout is where blocks stand: layer from the top, place from the left.
type layout struct {
	layer, place []int
	layers       [][]int
	back         map[int]bool // links, by index, that lead up
}

// arrange puts each block below all that lead to it, leaves out links that
// close a circle, and then swaps neighbours so that fewer links cross.
func arrange(f *flow.Flow, list []link) layout {
	n := len(f.Actions)
	out := make([][]int, n) // indexes of links
	for i, l := range list {
		out[l.from] = append(out[l.from], i)
	}
	l := layout{layer: make([]int, n), place: make([]int, n), back: map[int]bool{}}
	order := l.sort(f, list, out)
	for _, at := range order {
		for _, i := range out[at] {
			if !l.back[i] {
				l.layer[list[i].to] = max(l.layer[list[i].to], l.layer[at]+1)
			}
		}
	}
	for _, at := range order {
		for len(l.layers) <= l.layer[at] {
			l.layers = append(l.layers, nil)
		}
		l.layers[l.layer[at]] = append(l.layers[l.layer[at]], at)
	}
	l.number()
	for round := range 8 {
		l.sweep(list, round%2 == 0)
	}
	return l
}

// sort returns the blocks so that each stands before those it leads to, and
// marks the links that would lead back.
func (l *layout) sort(f *flow.Flow, list []link, out [][]int) []int {
	const fresh, open, done = 0, 1, 2
	state := make([]int, len(f.Actions))
	var order []int
	type call struct{ at, next int }
	visit := func(root int) {
		calls := []call{{at: root}}
		state[root] = open
		for len(calls) > 0 {
			c := &calls[len(calls)-1]
			if c.next == len(out[c.at]) {
				state[c.at] = done
				order = append(order, c.at)
				calls = calls[:len(calls)-1]
				continue
			}
			i := out[c.at][c.next]
			c.next++
			switch to := list[i].to; state[to] {
			case fresh:
				state[to] = open
				calls = append(calls, call{at: to})
			case open:
				l.back[i] = true
			}
		}
	}
	for i, a := range f.Actions {
		if a.Identifier == f.StartAction && state[i] == fresh {
			visit(i)
		}
	}
	for i := range f.Actions {
		if state[i] == fresh {
			visit(i)
		}
	}
	slices.Reverse(order)
	return order
}

// number sets places from the order within the layers.
func (l *layout) number() {
	for _, row := range l.layers {
		for i, at := range row {
			l.place[at] = i
		}
	}
}

// sweep orders each layer by where the blocks it is linked to stand.
func (l *layout) sweep(list []link, down bool) {
	sum, count := make([]float64, len(l.place)), make([]float64, len(l.place))
	weigh := func(at, other int) {
		sum[at] += float64(l.place[other]) - float64(len(l.layers[l.layer[other]]))/2
		count[at]++
	}
	for i, k := range list {
		if l.back[i] {
			continue
		}
		if down {
			weigh(k.to, k.from)
		} else {
			weigh(k.from, k.to)
		}
	}
	for _, row := range l.layers {
		middle := func(at int) float64 {
			if count[at] == 0 {
				return float64(l.place[at]) - float64(len(row))/2
			}
			return sum[at] / count[at]
		}
		slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(middle(a), middle(b)) })
	}
	l.number()
}

// size is the size of the drawing.
func (l *layout) size() (width, height int) {
	widest := 1
	for _, row := range l.layers {
		widest = max(widest, len(row))
	}
	return 2*margin + widest*(boxWidth+gapX) + gapX, 2*margin + len(l.layers)*(boxHeight+gapY)
}

// corner is the left upper corner of a block; layers stand in the middle.
func (l *layout) corner(at int) (x, y int) {
	width, _ := l.size()
	row := l.layers[l.layer[at]]
	used := len(row)*(boxWidth+gapX) - gapX
	return (width-used)/2 + l.place[at]*(boxWidth+gapX), margin + l.layer[at]*(boxHeight+gapY)
}
