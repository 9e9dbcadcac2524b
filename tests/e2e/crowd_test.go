package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/localstack/onebox"
	"huawu/localstack/seed"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/auth/login"
	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/ivr"
	"huawu/shared/phone"
	"huawu/tests/peers"
)

// Size of the crowd, and the numbers that it dials.
const (
	crowdCallers = 100
	crowdFirst   = 30 // of them in the band before the others
	crowdAgents  = 10
	crowdNumber  = "95010"
	firstNumber  = "95011"
	crowdSecret  = "Crowd-of-10-agents"
)

// crowdFlow lets a caller wait, in a band if there is one.
func crowdFlow(name, band string) string {
	start := "target"
	if band != "" {
		start = "band"
	}
	return fmt.Sprintf(`{"Version": "2019-10-30", "StartAction": %q, "Metadata": {"name": %q, "type": "CONTACT_FLOW"}, "Actions": [
  {"Identifier": "band", "Type": "UpdateContactRoutingBehavior", "Parameters": {"QueuePriority": %q},
   "Transitions": {"NextAction": "target", "Errors": [{"NextAction": "bye", "ErrorType": "NoMatchingError"}], "Conditions": []}},
  {"Identifier": "target", "Type": "UpdateContactTargetQueue", "Parameters": {"QueueId": %q},
   "Transitions": {"NextAction": "wait", "Errors": [{"NextAction": "bye", "ErrorType": "NoMatchingError"}], "Conditions": []}},
  {"Identifier": "wait", "Type": "TransferContactToQueue", "Parameters": {},
   "Transitions": {"NextAction": "bye", "Errors": [{"NextAction": "bye", "ErrorType": "QueueAtCapacity"}, {"NextAction": "bye", "ErrorType": "NoMatchingError"}], "Conditions": []}},
  {"Identifier": "bye", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}}]}`, start, name, band+"5"[min(len(band), 1):], seed.Queue)
}

// crowd is a centre with ten agents, nine phones of sipp and one baresip.
type crowd struct {
	*centre
	tokens []string
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	c := &crowd{centre: &centre{t: t, dir: t.TempDir(), set: setup{ring: 20, acw: 1, program: true}, log: &logText{}}}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the centre said:\n%s", c.tail())
		}
	})
	var writes []cloud.Write
	for _, n := range []struct{ number, name, band string }{{crowdNumber, "crowd", ""}, {firstNumber, "crowd-first", "1"}} {
		writes = append(writes, ivr.PutFlow(seed.Tenant, n.name, n.name, []byte(crowdFlow(n.name, n.band)), 1),
			ivr.Number{Number: phone.MustParse(n.number), Flow: n.name, Language: "zh-CN"}.Put(seed.Tenant))
	}
	hash, err := login.Hash(constant{}, crowdSecret)
	for n := range crowdAgents {
		name := crowdAgent(n)
		user, e := login.User{Tenant: seed.Tenant, Username: name, Agent: name, Role: auth.Agent, Hash: hash, Since: time.Now()}.Put()
		a := agent.Agent{Tenant: seed.Tenant, ID: name, Username: name, Name: name, Profile: seed.Profile, State: agent.Offline, Voice: agent.Slots{Max: 1},
			Device: agent.Device{Kind: agent.Phone, User: "lin"}}
		if n == 0 {
			a.Device.User = "wu" // the baresip
		}
		writes, err = append(writes, user, a.Put()), errors.Join(err, e)
	}
	table, e := localcloud.Open(localcloud.Options{Dir: filepath.Join(c.dir, "cloud"), Durability: localcloud.Process})
	if err = errors.Join(err, e); err == nil {
		err = errors.Join(seed.Demo(t.Context(), table.Table(), seed.Options{RingSeconds: 20, ACWSeconds: 1, Endpoints: writes}), table.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	rtp := peers.FreePorts(t, 600)
	c.args = []string{"--ports", "auto", "--rtp", fmt.Sprintf("%d-%d", rtp, rtp+599)}
	c.launch()
	wu := c.login("wu")
	peers.StartBaresip(t, peers.Phone{User: wu.SIPUser, Registrar: c.info.SIP, Password: wu.Password, Tone: 700, Auto: true}).Registered()
	c.registers()
	return c
}

// constant is a source of no chance: these agents' secret is no secret.
type constant struct{}

// Read fills p.
func (constant) Read(p []byte) (int, error) { return copy(p, make([]byte, len(p))), nil }

func crowdAgent(n int) string { return fmt.Sprintf("agent-%d", n) }

func (c *crowd) login(name string) onebox.Login {
	for _, l := range c.info.Agents {
		if l.Username == name {
			return l
		}
	}
	c.t.Fatalf("no agent %s", name)
	return onebox.Login{}
}

// registers starts the sipp phones and logs the agents in.
func (c *crowd) registers() {
	c.t.Helper()
	lin := c.login("lin")
	peers.StartPhones(c.t, c.info.SIP, lin.SIPUser, lin.Password)
	c.tokens = nil
	for n := range crowdAgents {
		var session struct {
			Token string `json:"accessToken"`
		}
		if err := c.ask("", "POST", "/v1/auth/login", map[string]string{"tenant": seed.Tenant, "username": crowdAgent(n), "password": crowdSecret}, &session); err != nil {
			c.t.Fatal(err)
		}
		c.tokens = append(c.tokens, session.Token)
	}
}

// available has every agent want contacts. The baresip does not hang up by itself.
func (c *crowd) available() {
	c.t.Helper()
	for _, token := range c.tokens {
		if err := c.ask(token, "POST", "/v1/agents/me/status", map[string]string{"status": "available"}, nil); err != nil {
			c.t.Fatal(err)
		}
	}
}

// hangsUp ends what the agent with the baresip talks.
func (c *crowd) hangsUp() {
	var m me
	if c.ask(c.tokens[0], "GET", "/v1/agents/me", nil, &m) != nil {
		return
	}
	for _, x := range m.Contacts {
		if x.State == string(contact.Connected) {
			_ = c.ask(c.tokens[0], "POST", "/v1/contacts/"+x.Contact+"/hangup", nil, nil)
		}
	}
}

// callers lets so many call each number; each channel tells how they fared.
func (c *crowd) callers(first, others int) (ended []<-chan error) {
	for number, n := range map[string]int{firstNumber: first, crowdNumber: others} {
		ended = append(ended, peers.Sipp(c.t, peers.Carrier{Scenario: "crowd", To: c.info.SIP, Number: number, Calls: n, Rate: 20, Silent: true}))
	}
	return ended
}

// offers returns the contacts of all offers in the order in which they were made.
func (c *crowd) offers() (ids []string) {
	for l := range strings.Lines(c.text()) {
		var e struct{ Msg, Contact string }
		if json.Unmarshal([]byte(l), &e) == nil && e.Msg == "offered" {
			ids = append(ids, e.Contact)
		}
	}
	return ids
}

// left is what remains of the contacts once the centre is stopped.
type left struct {
	contacts map[string]*contact.Contact
	records  map[string][]*contact.Record
	agents   []*agent.Agent
}

// read waits until after-contact work is over, stops the centre and reads what it
// has left behind.
func (c *crowd) read() left {
	c.t.Helper()
	peers.Eventually(c.t, "no agent has a contact", func() error {
		for _, token := range c.tokens {
			var m me
			if err := c.ask(token, "GET", "/v1/agents/me", nil, &m); err != nil {
				return err
			}
			if len(m.Contacts)+len(m.Offers) > 0 {
				return fmt.Errorf("%+v", m)
			}
		}
		return nil
	})
	c.stop()
	table, err := localcloud.Open(localcloud.Options{Dir: filepath.Join(c.dir, "cloud"), Durability: localcloud.Process})
	if err != nil {
		c.t.Fatal(err)
	}
	defer table.Close()
	l := left{map[string]*contact.Contact{}, map[string][]*contact.Record{}, nil}
	for _, id := range c.calls() {
		page, _, err := table.Table().Query(c.t.Context(), cloud.Query{Part: contact.Key(seed.Tenant, contact.ID(id)).Part, Strong: true})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, i := range page {
			if x := contact.FromItem(i); x != nil {
				l.contacts[id] = x
			}
			if r := contact.RecordFromItem(i); r != nil {
				l.records[id] = append(l.records[id], r)
			}
		}
	}
	for n := range crowdAgents {
		i, err := table.Table().Get(c.t.Context(), agent.Key(seed.Tenant, crowdAgent(n)), true)
		if err != nil {
			c.t.Fatal(err)
		}
		l.agents = append(l.agents, agent.FromItem(i))
	}
	return l
}

// check holds what is left against what must hold whatever happened.
func (l left) check(t *testing.T, calls []string, reasons ...contact.Reason) {
	t.Helper()
	for _, id := range calls {
		x := l.contacts[id]
		switch {
		case x == nil:
			t.Errorf("contact %s is lost", id)
			continue
		case x.State != contact.Completed:
			t.Errorf("contact %s is %s", id, x.State)
		case !slices.Contains(reasons, x.Reason):
			t.Errorf("contact %s ended by %s, none of %v", id, x.Reason, reasons)
		}
		if n := len(l.records[id]); n != 1 {
			t.Errorf("contact %s has %d records", id, n)
		}
	}
	for _, a := range l.agents {
		if a.Busy() {
			t.Errorf("%s is stuck with %v", a.ID, a.Offers)
		}
	}
}

// inOrder wants every contact offered once, in the order of ranks. A round offers
// to all who are free at once, so offers of one moment have no order.
func (l left) inOrder(t *testing.T, offers []string) {
	t.Helper()
	once := map[string]int{}
	for n, id := range offers {
		if once[id]++; once[id] > 1 {
			t.Errorf("contact %s was offered twice", id)
		}
		for _, later := range offers[min(len(offers), n+crowdAgents):] {
			if a, b := l.contacts[id], l.contacts[later]; a != nil && b != nil && b.Rank < a.Rank {
				t.Errorf("%s was served long before %s", a.Rank, b.Rank)
			}
		}
	}
}

// explained asks the program why each contact was served as it was.
func (c *crowd) explained(calls []string) {
	c.t.Helper()
	path, err := program()
	if err != nil {
		c.t.Fatal(err)
	}
	if out, _ := exec.Command(path, "help").CombinedOutput(); !strings.Contains(string(out), "why") {
		c.t.Log("this build has no huawu why")
		return
	}
	for _, id := range calls {
		out, err := exec.Command(path, "why", "--data", c.dir, id).CombinedOutput()
		if err != nil || len(out) == 0 {
			c.t.Errorf("huawu why %s: %v\n%s", id, err, out)
		}
	}
}

// TestACrowdIsServedInOrder lets a hundred callers race for ten agents.
func TestACrowdIsServedInOrder(t *testing.T) {
	c := newCrowd(t)
	ended := c.callers(crowdFirst, crowdCallers-crowdFirst)
	peers.Eventually(t, "all wait", func() error {
		var floor struct{ Queues []struct{ Waiting int } }
		if err := c.ask(c.login("chen").Token, "GET", "/v1/floor", nil, &floor); err != nil {
			return err
		}
		if len(floor.Queues) != 1 || floor.Queues[0].Waiting < crowdCallers {
			return fmt.Errorf("waiting: %+v", floor.Queues)
		}
		return nil
	})
	c.available()
	c.until(t, ended)
	c.explained(c.calls())
	l := c.read()
	if n := len(l.contacts); n != crowdCallers {
		t.Errorf("%d contacts, want %d", n, crowdCallers)
	}
	l.check(t, c.calls(), contact.AgentLeft)
	l.inOrder(t, c.offers())
}

// until waits until every sipp has ended well.
func (c *crowd) until(t *testing.T, ended []<-chan error) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	late := time.After(4 * time.Minute)
	for len(ended) > 0 {
		select {
		case err := <-ended[0]:
			if err != nil {
				t.Fatalf("not every caller was answered: %v", err)
			}
			ended = ended[1:]
		case <-tick.C:
			c.hangsUp()
		case <-late:
			t.Fatalf("%d offers in four minutes", len(c.offers()))
		}
	}
}

// TestACrowdOutlivesAKill kills the centre while ten talk and others wait, starts
// it again, and lets others call.
func TestACrowdOutlivesAKill(t *testing.T) {
	c := newCrowd(t)
	c.callers(10, 30)
	c.available()
	peers.Eventually(t, "some were served, some wait", func() error {
		c.hangsUp()
		if n := len(c.offers()); n < 20 {
			return fmt.Errorf("%d offers", n)
		}
		return nil
	})
	c.kill()
	before := c.calls()
	c.launch()
	c.registers()
	c.available()
	c.until(t, c.callers(5, 15))
	calls := c.calls()
	if len(calls) != len(before)+20 {
		t.Errorf("%d calls, %d of them before the kill", len(calls), len(before))
	}
	c.explained(calls)
	l := c.read()
	l.check(t, calls, contact.AgentLeft, contact.RelayLost)
	lost := 0
	for _, id := range before {
		if x := l.contacts[id]; x != nil && x.Reason == contact.RelayLost {
			lost++
		}
	}
	if lost == 0 {
		t.Error("nobody was cut off by the kill: it came too late")
	}
	for _, id := range calls[len(before):] {
		if x := l.contacts[id]; x != nil && x.Reason != contact.AgentLeft {
			t.Errorf("contact %s, after the restart, ended by %s", id, x.Reason)
		}
	}
}
