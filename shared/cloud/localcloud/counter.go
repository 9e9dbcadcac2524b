package localcloud

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"huawu/shared/cloud"
)

// Counters are what AWS would bill, since Open or ResetCounters.
type Counters struct {
	Requests map[string]int64   // per Op, refused ones included
	Writes   map[string]float64 // write units per kind of item: 1 per KB begun, twice that in a transaction; failed conditions included; "index" for the index
	Reads    map[string]float64 // read units per kind of item: 1 per 4 KB begun if strong, else half
	Invokes  map[string]int64   // calls per function, stream and queue deliveries included
	Sent     map[string]int64   // messages per queue, by Queue.Send
}

func newCounters() Counters {
	return Counters{Requests: map[string]int64{}, Writes: map[string]float64{}, Reads: map[string]float64{}, Invokes: map[string]int64{}, Sent: map[string]int64{}}
}

// String tells the units and calls, sorted by kind.
func (c Counters) String() string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "write units %g:", Sum(c.Writes))
	for _, kind := range slices.Sorted(maps.Keys(c.Writes)) {
		_, _ = fmt.Fprintf(&b, " %s %g", kind, c.Writes[kind])
	}
	_, _ = fmt.Fprintf(&b, "\nread units %g:", Sum(c.Reads))
	for _, kind := range slices.Sorted(maps.Keys(c.Reads)) {
		_, _ = fmt.Fprintf(&b, " %s %g", kind, c.Reads[kind])
	}
	b.WriteString("\ncalls:")
	for _, name := range slices.Sorted(maps.Keys(c.Invokes)) {
		_, _ = fmt.Fprintf(&b, " %s %d", name, c.Invokes[name])
	}
	return b.String()
}

// Sum returns the units of all kinds but those left out.
func Sum(units map[string]float64, without ...string) float64 {
	left := maps.Clone(units)
	for _, kind := range without {
		delete(left, kind)
	}
	sum := 0.0
	for _, n := range left {
		sum += n
	}
	return sum
}

// Counters returns a copy.
func (c *Cloud) Counters() Counters {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Counters{maps.Clone(c.counters.Requests), maps.Clone(c.counters.Writes), maps.Clone(c.counters.Reads), maps.Clone(c.counters.Invokes), maps.Clone(c.counters.Sent)}
}

// ResetCounters starts counting anew.
func (c *Cloud) ResetCounters() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters = newCounters()
}

// KindOf names the kind of an item by the prefixes of its key: of a contact's
// items C/META and C/FLOW, REC and RECORDING; of a routing group's rows W and F;
// else the first word of the partition (A, L, H, T, CFG, R …).
func KindOf(k cloud.Key) string {
	_, rest, ok := strings.Cut(k.Part, "|")
	if !ok {
		rest = k.Part
	}
	part, _, _ := strings.Cut(rest, "#")
	sort, _, numbered := strings.Cut(k.Sort, "#")
	switch {
	case part == "G" && sort != "":
		return sort
	case part == "C" && numbered:
		return sort
	case part == "C" && sort != "":
		return part + "/" + sort
	}
	return part
}

// units is what a request consumes.
type units struct {
	kind  string
	count float64
}

const kindIndex = "index"

// writeUnits returns the units of a write of an item of so many bytes.
func writeUnits(bytes int, inTransaction bool) float64 {
	n := float64(max(1, (bytes+1023)/1024))
	if inTransaction {
		n *= 2
	}
	return n
}

// readUnits returns the units of reading so many bytes.
func readUnits(bytes int, strong bool) float64 {
	n := float64(max(1, (bytes+4095)/4096))
	if !strong {
		n /= 2
	}
	return n
}

func (c *Cloud) countWrites(all []units) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range all {
		c.counters.Writes[u.kind] += u.count
	}
}

func (c *Cloud) countRead(kind string, n float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.Reads[kind] += n
}

func (c *Cloud) countSent(queue string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.Sent[queue]++
}

func (c *Cloud) countInvoke(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counters.Invokes[name]++
}
