// Package price says what a way through a flow costs on AWS before anybody
// deploys it.
//
// It counts what story.Explore saw: function calls, table units, functions of
// one's own. What a way cannot know (how long functions run, how long calls
// last) is an assumption that the result carries with it. Telephony, speech
// synthesis and data to the internet are not in it.
package price

import (
	"fmt"
	"slices"
	"strings"

	"huawu/shared/flow/interp"
	"huawu/shared/flow/story"
)

// Money is an amount in millionths of a millionth of a US dollar, so that a
// single table unit is a whole number.
type Money int64

const dollar Money = 1_000_000_000_000

// String returns the amount in dollars with what digits it has.
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	digits := strings.TrimRight(fmt.Sprintf("%012d", m%dollar), "0")
	if len(digits) < 2 {
		digits = (digits + "00")[:2]
	}
	return fmt.Sprintf("%s$%d.%s", sign, m/dollar, digits)
}

// Prices are list prices, us-east-1. Source: spec, performance.md §6.
type Prices struct {
	Request    Money // of one function call
	GBSecond   Money // of function memory, arm64
	WriteUnit  Money // of a table on demand
	ReadUnit   Money
	Message    Money // of a queue
	StorePut   Money // of a recording
	ConnectMin Money // Amazon Connect, a minute of voice, to compare
}

// ListPrices are the prices of November 2026.
func ListPrices() Prices {
	return Prices{Request: dollar * 20 / 100 / 1_000_000, GBSecond: 13_333_400, WriteUnit: dollar * 625 / 1000 / 1_000_000,
		ReadUnit: dollar * 125 / 1000 / 1_000_000, Message: dollar * 40 / 100 / 1_000_000, StorePut: dollar * 5 / 1000 / 1000, ConnectMin: dollar * 18 / 1000}
}

// Assumptions are what no flow can say.
type Assumptions struct {
	IVRMillis      int `json:"ivrMs"`      // how long the IVR function runs
	IVRMegabytes   int `json:"ivrMB"`      // its memory
	OwnMillis      int `json:"functionMs"` // how long a function of one's own runs
	OwnMegabytes   int `json:"functionMB"`
	AnsweredWrites int `json:"answeredWrites"` // table units of a queued call once it is in the queue
	AnsweredReads  int `json:"answeredReads"`
	AnsweredCalls  int `json:"answeredCalls"` // function calls of it
}

// Usual are the assumptions of a healthy house: those of the goal in
// performance.md §6.2.
func Usual() Assumptions {
	return Assumptions{IVRMillis: 6, IVRMegabytes: 128, OwnMillis: 50, OwnMegabytes: 128, AnsweredWrites: 16, AnsweredReads: 12, AnsweredCalls: 4}
}

// Lines says the assumptions in words.
func (a Assumptions) Lines() []string {
	return []string{
		fmt.Sprintf("the IVR function runs %d ms with %d MB, a function of your own %d ms with %d MB", a.IVRMillis, a.IVRMegabytes, a.OwnMillis, a.OwnMegabytes),
		"a function call reads the flow's state once and writes it once, one unit per KB begun; a contact is created (1), ended (1) and recorded (1)",
		fmt.Sprintf("a contact that enters a queue is answered: %d write units, %d read units and %d function calls more, and one recording is stored", a.AnsweredWrites, a.AnsweredReads, a.AnsweredCalls),
		"list prices of us-east-1 without free tiers; telephony, speech synthesis, the relay and data to the internet come on top",
	}
}

// Cost is what one way through a flow takes.
type Cost struct {
	Way        string `json:"way"`
	Calls      int    `json:"functionCalls"` // of the IVR function, and of those behind a queue
	Unbatched  int    `json:"functionCallsUnbatched"`
	Own        int    `json:"ownFunctionCalls"`
	Writes     int    `json:"writeUnits"`
	Reads      int    `json:"readUnits"`
	StateBytes int    `json:"stateBytes"`
	Queued     bool   `json:"queued"`
	Total      Money  `json:"picodollars"`
}

// Of returns what a way costs.
func Of(prog *interp.Program, p story.Path, a Assumptions, prices Prices) Cost {
	units := max(1, (p.StateBytes+1023)/1024)
	c := Cost{Way: way(p), Calls: p.Invocations, Unbatched: p.Actions, StateBytes: p.StateBytes, Writes: 3 + units*p.Invocations, Reads: units * p.Invocations}
	messages, puts := 0, 0
	for _, v := range p.Result.Visits {
		kind, _, ok := prog.Action(v.Action)
		switch {
		case !ok || v.Flow != prog.ID:
		case kind == "InvokeLambdaFunction" && v.Branch != "":
			c.Own++
		case kind == "TransferContactToQueue" && v.Branch == "NextAction":
			c.Queued = true
		case kind == "CreateCallbackContact" && v.Branch == "NextAction":
			c.Writes += 2
		}
	}
	if c.Queued {
		c.Calls, c.Writes, c.Reads = c.Calls+a.AnsweredCalls, c.Writes+a.AnsweredWrites, c.Reads+a.AnsweredReads
		messages, puts = 2, 1 // the offer and the ring timer; the recording
	}
	c.Total = Money(c.Calls)*call(prices, a.IVRMillis, a.IVRMegabytes) + Money(c.Own)*call(prices, a.OwnMillis, a.OwnMegabytes) +
		Money(c.Writes)*prices.WriteUnit + Money(c.Reads)*prices.ReadUnit + Money(messages)*prices.Message + Money(puts)*prices.StorePut
	return c
}

// call is what one function call costs.
func call(p Prices, millis, megabytes int) Money {
	return p.Request + p.GBSecond*Money(millis)*Money(megabytes)/1024/1000
}

// way names the branches of a way.
func way(p story.Path) string {
	var list []string
	for _, v := range p.Branches {
		switch v.Branch {
		case "", "NextAction":
		default:
			list = append(list, v.Action+" "+v.Branch)
		}
	}
	if list == nil {
		return "straight on"
	}
	return strings.Join(list, ", ")
}

// Report is what all ways of a flow cost.
type Report struct {
	Flow        string   `json:"flow"`
	Ways        int      `json:"ways"`
	Untaken     int      `json:"waysNotTaken"` // impossible ones: no caller can go them
	Complete    bool     `json:"complete"`     // false if there are more ways than were looked at
	Cheapest    Cost     `json:"cheapest"`
	Median      Cost     `json:"median"`
	Dearest     Cost     `json:"dearest"`
	MedianCalls int      `json:"medianCalls"` // function calls of the flow itself
	P90Calls    int      `json:"p90Calls"`
	Costs       []Cost   `json:"costs"` // by price, the dearest first
	Assumed     []string `json:"assumptions"`
	Missed      []string `json:"notTaken"` // why
	Numbers     any      `json:"assumedValues"`
}

// Flow prices every way through a program, at most limit of them.
func Flow(p *interp.Program, limit int, a Assumptions, prices Prices) Report {
	paths := story.Explore(p, limit)
	r := Report{Flow: p.ID, Complete: len(paths) < limit, Assumed: a.Lines(), Numbers: a, Costs: []Cost{}, Missed: []string{}}
	var calls []int
	for _, path := range paths {
		if path.Err != nil {
			r.Untaken++
			if !slices.Contains(r.Missed, path.Err.Error()) {
				r.Missed = append(r.Missed, path.Err.Error())
			}
			continue
		}
		calls = append(calls, path.Invocations)
		r.Costs = append(r.Costs, Of(p, path, a, prices))
	}
	r.Ways = len(r.Costs)
	if r.Ways == 0 {
		return r
	}
	slices.SortStableFunc(r.Costs, func(a, b Cost) int { return int(min(1, max(-1, b.Total-a.Total))) })
	slices.Sort(calls)
	r.Dearest, r.Median, r.Cheapest = r.Costs[0], r.Costs[len(r.Costs)/2], r.Costs[len(r.Costs)-1]
	r.MedianCalls, r.P90Calls = calls[len(calls)/2], calls[len(calls)*9/10]
	return r
}
