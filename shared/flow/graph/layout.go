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

// layout is where blocks stand: layer from the top, place from the left. Points
// that long links pass on their way down stand behind the blocks.
type layout struct {
	layer, place []int
	layers       [][]int
	back         map[int]bool  // links, by index, that lead up
	via          map[int][]int // points of long links
	blocks       int           // what is below this is a block, the rest are points
	left         []int         // x of each, in pixels
	width        int
}

// arrange puts each block below all that lead to it, leaves out links that
// close a circle, and then swaps neighbours so that fewer links cross.
func arrange(f *flow.Flow, list []link) layout {
	n := len(f.Actions)
	out := make([][]int, n) // indexes of links
	for i, l := range list {
		out[l.from] = append(out[l.from], i)
	}
	l := layout{layer: make([]int, n), back: map[int]bool{}, via: map[int][]int{}, blocks: n}
	order := l.sort(f, list, out)
	for _, at := range order {
		for _, i := range out[at] {
			if !l.back[i] {
				l.layer[list[i].to] = max(l.layer[list[i].to], l.layer[at]+1)
			}
		}
	}
	for _, at := range order {
		l.put(at)
	}
	hops := l.hops(list)
	l.place = make([]int, len(l.layer))
	l.number()
	for round := range 8 {
		l.sweep(hops, round%2 == 0)
	}
	l.spread()
	return l
}

// put adds a block or a point to its layer.
func (l *layout) put(at int) {
	for len(l.layers) <= l.layer[at] {
		l.layers = append(l.layers, nil)
	}
	l.layers[l.layer[at]] = append(l.layers[l.layer[at]], at)
}

// hops are the links from layer to layer. A long one gets a point in each layer
// between; of those that only errors take there are too many for that.
func (l *layout) hops(list []link) [][2]int {
	var hops [][2]int
	for i, k := range list {
		if l.back[i] {
			continue
		}
		at := k.from
		for layer := l.layer[k.from] + 1; layer < l.layer[k.to] && !k.failure; layer++ {
			point := len(l.layer)
			l.layer = append(l.layer, layer)
			l.put(point)
			l.via[i] = append(l.via[i], point)
			hops = append(hops, [2]int{at, point})
			at = point
		}
		hops = append(hops, [2]int{at, k.to})
	}
	return hops
}

// spread gives everything its x; layers stand in the middle.
func (l *layout) spread() {
	widths := make([]int, len(l.layers))
	for i, row := range l.layers {
		for _, at := range row {
			widths[i] += l.wide(at) + gapX
		}
		l.width = max(l.width, widths[i])
	}
	l.left = make([]int, len(l.layer))
	for i, row := range l.layers {
		x := (l.width-widths[i])/2 + gapX/2
		for _, at := range row {
			l.left[at] = margin + x
			x += l.wide(at) + gapX
		}
	}
}

func (l *layout) wide(at int) int {
	if at < l.blocks {
		return boxWidth
	}
	return 0
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

// sweep orders each layer by where what it is linked to stands.
func (l *layout) sweep(hops [][2]int, down bool) {
	sum, count := make([]float64, len(l.place)), make([]float64, len(l.place))
	weigh := func(at, other int) {
		sum[at] += float64(l.place[other]) - float64(len(l.layers[l.layer[other]]))/2
		count[at]++
	}
	for _, hop := range hops {
		if down {
			weigh(hop[1], hop[0])
		} else {
			weigh(hop[0], hop[1])
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

// size is the size of the drawing; ways back need room on the right.
func (l *layout) size() (width, height int) {
	return 2*margin + max(l.width, boxWidth) + gapX, 2*margin + len(l.layers)*(boxHeight+gapY)
}

// corner is the left upper corner of a block, or of a point.
func (l *layout) corner(at int) (x, y int) {
	return l.left[at], margin + l.layer[at]*(boxHeight+gapY)
}
