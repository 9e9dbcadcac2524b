package contact

import (
	"strconv"
	"strings"
	"time"

	"huawu/shared/cloud"
)

// Cause is what a contact waited for until it was offered.
type Cause string

// The causes.
const (
	CauseNone      Cause = "nothing"   // somebody was free when it came
	CauseAgent     Cause = "agent"     // the agent was not free before
	CauseDelay     Cause = "delay"     // of the queue in the agent's profile
	CauseCriteria  Cause = "criteria"  // the step before asked for what the agent has not
	CauseOverflow  Cause = "overflow"  // agents of another queue help after a while
	CauseExclusion Cause = "exclusion" // the agent had let it pass
	CauseNotBefore Cause = "time"      // it was not to be offered before
)

// Choice is why an offer went to its agent, as it was known in the moment of the
// claim. Counts are of the agents who were free then, -1 where too many were to
// be told apart.
type Choice struct {
	Agent    string
	At       time.Time
	Cause    Cause
	Since    time.Time // since when the agent might have had it
	Priority int       // of the queue in the agent's profile
	Via      string    // queue whose agents help; "" = its own
	Step     int       // of its criteria; 0 = none
	Level    int       // sum of the agent's levels of what it asks for

	Free     int // agents with room, the chosen one among them
	Fits     int // others who might have had it, and came after the chosen one
	Unserved int // whose profile does not serve the queue, or has no room on the channel
	Skills   int // who lack a skill, or are not asked for
	Excluded int // who had let it pass
	Delayed  int // whose profile serves the queue later
}

// MaxChoices is how many choices a contact keeps: those of its last offers.
const MaxChoices = 4

// AttrWhy names the attribute of the choice of the offer that follows so many
// others.
func AttrWhy(attempts int) string { return "why." + strconv.Itoa(attempts%MaxChoices) }

// String is the choice as the table keeps it.
func (c Choice) String() string {
	num := strconv.Itoa
	return strings.Join([]string{c.Agent, strconv.FormatInt(Micros(c.At), 10), string(c.Cause), strconv.FormatInt(Micros(c.Since), 10),
		num(c.Priority), c.Via, num(c.Step), num(c.Level), num(c.Free), num(c.Fits), num(c.Unserved), num(c.Skills), num(c.Excluded), num(c.Delayed)}, "|")
}

// ParseChoice is the inverse of String; ok is false for anything else.
func ParseChoice(s string) (c Choice, ok bool) {
	p := strings.Split(s, "|")
	if len(p) != 14 {
		return Choice{}, false
	}
	ok = true
	num := func(s string) int64 {
		n, err := strconv.ParseInt(s, 10, 64)
		ok = ok && err == nil
		return n
	}
	c = Choice{Agent: p[0], At: FromMicros(num(p[1])), Cause: Cause(p[2]), Since: FromMicros(num(p[3])), Priority: int(num(p[4])), Via: p[5],
		Step: int(num(p[6])), Level: int(num(p[7])), Free: int(num(p[8])), Fits: int(num(p[9])), Unserved: int(num(p[10])),
		Skills: int(num(p[11])), Excluded: int(num(p[12])), Delayed: int(num(p[13]))}
	return c, ok && c.Agent != ""
}

// whyItem writes the choices.
func (c *Contact) whyItem(w writer) {
	for n, s := range c.Why {
		w.str(AttrWhy(n), s)
	}
}

func (c *Contact) readWhy(i cloud.Item) {
	for n := range c.Why {
		c.Why[n] = i.Str(AttrWhy(n))
	}
}

// Choices returns why the last offers went to their agents, the oldest first.
func (c *Contact) Choices() []Choice {
	var all []Choice
	for n := range MaxChoices {
		if choice, ok := ParseChoice(c.Why[(c.Attempts+n)%MaxChoices]); ok {
			all = append(all, choice)
		}
	}
	return all
}
