package contact

import (
	"slices"
	"testing"
	"time"
)

func choice(agent string, n int) Choice {
	at := time.Date(2026, 11, 20, 12, n, 0, 0, time.UTC)
	return Choice{Agent: agent, At: at, Cause: CauseAgent, Since: at.Add(-time.Second), Priority: 2, Via: "loans", Step: 1, Level: 7,
		Free: 6, Fits: 1, Unserved: 1, Skills: 1, Excluded: 1, Delayed: 1}
}

func TestAContactKeepsTheLastChoices(t *testing.T) {
	c := &Contact{Tenant: "demo", ID: "c1", State: Queued}
	for n := range 6 {
		c.Why[n%MaxChoices] = choice("lin", n).String()
		c.Attempts++
	}
	item := c.Item()
	item["PK"], item["SK"] = "demo|C#c1", SortMeta
	want := []Choice{choice("lin", 2), choice("lin", 3), choice("lin", 4), choice("lin", 5)}
	if got := FromItem(item).Choices(); !slices.Equal(got, want) {
		t.Errorf("choices %+v, want %+v", got, want)
	}
}

func FuzzParseChoice(f *testing.F) {
	f.Add(choice("lin", 1).String())
	f.Add("|||||||||||||")
	f.Add("lin|x|agent|1|2||3|4|5|6|7|8|9|10")
	f.Fuzz(func(t *testing.T, s string) {
		c, ok := ParseChoice(s)
		if !ok {
			return
		}
		if again, ok := ParseChoice(c.String()); !ok || again != c {
			t.Errorf("%q is %+v, and again %+v", s, c, again)
		}
	})
}
