package journey

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func compile(t testing.TB, id string) *interp.Program {
	t.Helper()
	data, err := os.ReadFile("../../../flows/" + id + ".json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile(id+":3", f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func known(list ...*interp.Program) func(string) *interp.Program {
	return func(id string) *interp.Program {
		for _, p := range list {
			if p.ID == id {
				return p
			}
		}
		return nil
	}
}

func TestEveryBranchComesBackFromItsNumbers(t *testing.T) {
	for _, id := range []string{"hotline", "order-query", "vip-routing", "queue"} {
		p := compile(t, id)
		for _, b := range p.Branches() {
			action, branch, ok := p.Number(b)
			back, ok2 := p.Numbered(action, branch)
			if b.Branch == "NextAction" && b.To == "" { // of a transfer: where it leads is another flow
				back.To = ""
			}
			if !ok || !ok2 || back != b {
				t.Errorf("%s: %+v is %d.%d, which is %+v", id, b, action, branch, back)
			}
		}
	}
}

func TestAPathKeepsWhatHappenedAndWhen(t *testing.T) {
	p := compile(t, "hotline")
	all := p.Branches()
	var path Path
	path = path.Append(noon, all[:3], known(p))
	path = path.Append(noon.Add(7*time.Second), all[3:5], known(p))
	stops, ok := path.Stops()
	if !ok || len(stops) != 5 {
		t.Fatalf("%d stops, %v", len(stops), ok)
	}
	for i, s := range stops {
		back, _ := p.Numbered(s.Action, s.Branch)
		if s.Flow != p.ID || back.Action != all[i].Action || back.Branch != all[i].Branch {
			t.Errorf("stop %d is %+v, want %+v", i, back, all[i])
		}
		want := noon
		if i >= 3 {
			want = noon.Add(7 * time.Second)
		}
		if !s.At.Equal(want) || s.First != (i == 0 || i == 3) {
			t.Errorf("stop %d at %s, first %v", i, s.At, s.First)
		}
	}
	if len(path) > 40 {
		t.Errorf("5 visits take %d bytes", len(path))
	}
}

func TestACallerInCirclesFillsThePathAndNoMore(t *testing.T) {
	p := compile(t, "hotline")
	var path Path
	for n := range 1000 {
		path = path.Append(noon.Add(time.Duration(n)*time.Second), p.Branches()[:1], known(p))
	}
	stops, ok := path.Stops()
	if len(path) > MaxPath || !ok || len(stops) < 70 {
		t.Errorf("%d bytes, %d stops, %v", len(path), len(stops), ok)
	}
}

func TestVisitsOfUnknownProgramsAreLeftOut(t *testing.T) {
	p := compile(t, "hotline")
	path := Path(nil).Append(noon, []interp.Visit{{Flow: "gone", Action: "x"}, {Flow: p.ID, Action: "nothing"}}, known(p))
	if stops, ok := path.Stops(); !ok || len(stops) != 0 {
		t.Errorf("%v, %v", stops, ok)
	}
}

// tell is a flow of a prompt that is asked, a function and an end.
func tell(t *testing.T) *interp.Program {
	t.Helper()
	f, err := flow.Parse([]byte(`{"Version":"2019-10-30","StartAction":"ask","Actions":[
{"Identifier":"ask","Type":"GetParticipantInput","Parameters":{"Text":"?","StoreInput":"False","InputTimeLimitSeconds":"5"},"Transitions":{"NextAction":"look","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"},{"NextAction":"ask","ErrorType":"InputTimeLimitExceeded"},{"NextAction":"bye","ErrorType":"NoMatchingCondition"}],"Conditions":[{"NextAction":"look","Condition":{"Operator":"Equals","Operands":["1"]}}]}},
{"Identifier":"look","Type":"InvokeLambdaFunction","Parameters":{"LambdaFunctionARN":"f","InvocationTimeLimitSeconds":"3"},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}],"Conditions":[]}},
{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile("tell:1", f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatBecameOfCallersAtEachAction(t *testing.T) {
	p := tell(t)
	visit := func(action, branch string) interp.Visit {
		return interp.Visit{Flow: "tell:1", Action: action, Branch: branch}
	}
	after := func(path Path, s int, visits ...interp.Visit) Path {
		return path.Append(noon.Add(time.Duration(s)*time.Second), visits, known(p))
	}
	served := after(nil, 0, visit("ask", "waits"))
	served = after(served, 4, visit("ask", "=1"))
	served = served.Append(noon.Add(6*time.Second), nil, known(p))
	late := after(nil, 0, visit("ask", "waits"))
	late = after(late, 10, visit("ask", "InputTimeLimitExceeded"), visit("ask", "waits"))
	slow := after(nil, 0, visit("ask", "waits"))
	slow = after(slow, 4, visit("ask", "=1"))
	slow = after(slow, 4, visit("look", "NextAction"), visit("bye", ""))
	c := NewCounter(p)
	c.Add(Call{Contact: "1", Path: late, Left: noon.Add(13 * time.Second), HungUp: true})
	c.Add(Call{Contact: "2", Path: slow, Left: noon.Add(9 * time.Second)})
	c.Add(Call{Contact: "2", Path: slow, Left: noon.Add(9 * time.Second)}) // the record of its second segment
	c.Add(Call{Contact: "3", Path: served, Left: noon.Add(8 * time.Second), Agent: true})
	c.Add(Call{Contact: "4"})
	c.Add(Call{Contact: "5", Path: Path("no path")})
	got, err := json.MarshalIndent(c.Report(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	r := c.Report()
	if r.Calls != 3 || r.HangUps != 1 || r.Agents != 1 {
		t.Fatalf("%s", got)
	}
	ask := r.Nodes[0]
	if ask.Action != "ask" || ask.Entries != 4 || ask.HangUps != 1 || ask.Seconds != 10+3+4+4+4 || ask.Longest != 10 || ask.Agents != 1 ||
		!slices.Equal(ask.Exits, []Exit{{"=1", "look", 2}, {"InputTimeLimitExceeded", "ask", 1}}) {
		t.Errorf("ask: %s", got)
	}
	if bye := r.Nodes[slices.IndexFunc(r.Nodes, func(n Node) bool { return n.Action == "bye" })]; bye.Ended != 1 || bye.Entries != 1 {
		t.Errorf("bye: %s", got)
	}
}

func FuzzStops(f *testing.F) {
	p := compile(f, "hotline")
	f.Add([]byte(Path(nil).Append(noon, p.Branches(), known(p))))
	f.Add([]byte{form})
	f.Add([]byte{form, 1, 0, 200, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		stops, ok := Path(data).Stops()
		if len(stops) > len(data) {
			t.Fatalf("%d stops of %d bytes", len(stops), len(data))
		}
		c := NewCounter(p)
		c.Add(Call{Contact: "x", Path: data, Left: noon})
		_ = fmt.Sprint(c.Report())
		next := Path(data).Append(noon, p.Branches()[:1], known(p))
		if ok && len(data) > 0 && len(next) > max(MaxPath, len(data)) || !bytes.HasPrefix(next, data) {
			t.Fatalf("appended to %x: %x", data, next)
		}
	})
}
