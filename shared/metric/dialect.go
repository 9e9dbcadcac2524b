package metric

import (
	"fmt"
	"time"
)

// Dialect is whose definition of the service level is meant.
type Dialect string

// The dialects.
const (
	Huawu       Dialect = "huawu"
	Connect     Dialect = "connect"
	Genesys     Dialect = "genesys"
	Asterisk    Dialect = "asterisk"     // its ServiceLevel
	AsteriskTwo Dialect = "asterisk-sl2" // its ServiceLevel2
)

// Dialects lists all.
func Dialects() []Dialect { return []Dialect{Huawu, Connect, Genesys, Asterisk, AsteriskTwo} }

// Switches are Genesys Cloud's, which rewrite the past as well.
type Switches struct {
	WithFlowOuts      bool // flow-outs count below the line
	WithoutShort      bool // short abandons do not count
	WithoutAbandoned  bool // no abandon counts
	WithShortInAnswer bool // short abandons count as answered in time
}

// Value is a number with what it was made of: over and under the line, and how it
// is defined. Without anything to count it is not defined, and not zero.
type Value struct {
	Share      float64 `json:"share"` // 0 to 1
	Over       int     `json:"over"`
	Under      int     `json:"n"`
	Definition string  `json:"definition"`
	Defined    bool    `json:"defined"`
}

func share(over, under int, definition string) Value {
	v := Value{Over: over, Under: under, Definition: definition, Defined: under > 0}
	if v.Defined {
		v.Share = float64(over) / float64(under)
	}
	return v
}

// ServiceLevel returns the share that was served in time, in a dialect.
func (n Numbers) ServiceLevel(d Dialect, o Options, s Switches) Value {
	o = o.defaults()
	t := o.Target
	switch d {
	case Connect:
		return share(n.AnsweredInTime+n.AbandonedInTime+n.CallbacksInTime, n.Offered,
			fmt.Sprintf("removed from the queue within %s (answered, abandoned, callback) ÷ queued", t))
	case Genesys:
		return n.genesys(t, s)
	case Asterisk:
		return share(n.AnsweredInTime, n.Answered, fmt.Sprintf("answered within %s ÷ answered", t))
	case AsteriskTwo:
		return share(n.AnsweredInTime+n.AbandonedInTime, n.Answered+n.Abandoned, fmt.Sprintf("(answered + abandoned within %s) ÷ (answered + abandoned)", t))
	}
	return share(n.AnsweredInTime, n.Answered+n.Abandoned-n.ShortAbandoned,
		fmt.Sprintf("answered within %s ÷ (answered + abandoned − abandoned within %s)", t, o.ShortAfter))
}

func (n Numbers) genesys(t time.Duration, s Switches) Value {
	over, under, text := n.AnsweredInTime, n.Answered, fmt.Sprintf("(answered − later than %s) ÷ (answered", t)
	if !s.WithoutAbandoned {
		under += n.Abandoned
		text += " + abandoned"
		if s.WithoutShort {
			under -= n.ShortAbandoned
			text += " − short"
		} else if s.WithShortInAnswer {
			over += n.ShortAbandoned
			text += ", short as answered"
		}
	}
	if s.WithFlowOuts {
		under += n.FlowOuts
		text += " + flow-outs"
	}
	return share(over, under, text+")")
}

// AbandonRate returns who left while queued, of all offered.
func (n Numbers) AbandonRate() Value {
	return share(n.Abandoned, n.Offered, "left by the customer while queued ÷ offered; callbacks are no abandons")
}

// AnswerRate returns who got a person, of all offered.
func (n Numbers) AnswerRate() Value { return share(n.Answered, n.Offered, "answered ÷ offered") }

// AnswerSpeed returns the mean wait of the answered, ringing included; ok is false
// if there are none.
func (n Numbers) AnswerSpeed() (d time.Duration, ok bool) { return mean(n.Waits, n.Answered) }

// AbandonTime returns the mean wait of those who left.
func (n Numbers) AbandonTime() (d time.Duration, ok bool) { return mean(n.Abandon, n.Abandoned) }

// HandleTime returns the mean of talk, hold and after-contact work of contacts that
// are over; ringing is not part of it.
func (n Numbers) HandleTime() (d time.Duration, ok bool) {
	return mean(n.Talk+n.Hold+n.Work, n.Handled)
}

func mean(sum time.Duration, n int) (time.Duration, bool) {
	if n == 0 {
		return 0, false
	}
	return sum / time.Duration(n), true
}
