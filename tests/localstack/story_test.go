package localstack

import (
	"encoding/json"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"huawu/functions/acd/handler"
	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud/invoker"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
	"huawu/shared/contact"
	"huawu/shared/event"
	"huawu/shared/ivr"
	"huawu/shared/phone"
	"huawu/shared/sma"
)

const tenant = "demo"

// seed puts what a call needs: a queue, a profile, an agent with a phone, a
// number and two flows.
func seed(b *bed, t cloud.Table) {
	writes := []cloud.Write{
		acd.Queue{ID: "loans", Name: "Loans", Group: "main", RingSeconds: 20, ACWSeconds: 30}.Put(tenant),
		acd.Profile{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}}.Put(tenant),
		ivr.Number{Number: phone.MustParse("95000"), Flow: "menu", Language: "zh-CN"}.Put(tenant),
		(&agent.Agent{Tenant: tenant, ID: "lin", State: agent.Offline, Username: "lin", Profile: "loans",
			Device: agent.Device{Kind: agent.Phone, User: "1001"}, Voice: agent.Slots{Max: 1}}).Put(),
	}
	for _, name := range []string{"menu", "queue"} {
		doc, err := os.ReadFile("../../shared/ivr/testdata/" + name + ".json")
		b.must(err)
		writes = append(writes, ivr.PutFlow(tenant, name, name, doc, 1))
	}
	for _, w := range writes {
		_, err := t.Write(b.t.Context(), w)
		b.must(err)
	}
}

// The deployed template carries a call: the relay's questions are asked here by
// hand, everything else happens in functions that the template has wired.
func TestTheDeployedTemplateCarriesACall(t *testing.T) {
	b := newBed(t)
	if os.Getenv(pythonEnv) == "" {
		t.Skipf("needs the bed's Python with the SAM transform: %s is not set", pythonEnv)
	}
	b.deployStack()
	b.cfg.FunctionAlias = "live"
	tb, err := table.Open(t.Context(), b.cfg)
	b.must(err)
	q, err := queue.New(b.cfg)
	b.must(err)
	i, err := invoker.New(b.cfg)
	b.must(err)
	seed(b, tb)
	router := acd.NewRouter(tb, q, handler.Machine(slog.New(slog.DiscardHandler)))
	id := uuid.Must(uuid.NewV7()).String()
	leg := sma.Participant{CallID: uuid.NewString(), ParticipantTag: sma.LegA, To: "95000", From: "+8613800135678", Direction: "Inbound"}
	sequence := 0
	ask := func(kind sma.EventType, data *sma.ActionData) string {
		sequence++
		return b.call(i.Invoke, sma.Event{SchemaVersion: sma.SchemaVersion, Sequence: sma.Int(sequence), InvocationEventType: kind, ActionData: data,
			CallDetails: sma.CallDetails{TransactionID: id, Participants: []sma.Participant{leg},
				Huawu: &sma.Offer{Version: "1", Tenant: tenant, RelayID: "relay-1", Capabilities: sma.Capabilities()}}})
	}

	if got := ask(sma.NewInboundCall, nil); !strings.Contains(got, "SpeakAndGetDigits") {
		t.Fatalf("the menu is %s", got)
	}
	leg.Status = sma.Connected
	pressed := &sma.SpeakAndGetDigits{Target: sma.On(leg.CallID), SpeechParameters: sma.Speech{Text: "贷款业务请按1，查询请按2。"}}
	if got := ask(sma.ActionSuccessful, &sma.ActionData{Type: pressed.ActionType(), Parameters: pressed, ReceivedDigits: "1"}); got != "[Huawu.PlayLoop]" {
		t.Fatalf("in the queue the caller hears %s", got)
	}
	_, err = router.SetStatus(t.Context(), tenant, "lin", agent.Available, "")
	b.must(err)

	// The stream takes the offer to acd, and acd sends the command to the relay.
	var command struct {
		TransactionID string            `json:"TransactionId"`
		Arguments     map[string]string `json:"Arguments"`
	}
	eventually(t, "the relay is told to let lin ring", func() bool {
		got, err := q.Receive(t.Context(), "relay-1", 1, time.Second, time.Minute)
		b.must(err)
		return len(got) == 1 && json.Unmarshal(got[0].Body, &command) == nil
	})
	if command.TransactionID != id || command.Arguments["huawu"] != "ring" || command.Arguments["agentId"] != "lin" {
		t.Errorf("command %+v", command)
	}

	// The caller gives up; the record and its list row come by the stream.
	leg.Status = sma.Disconnected
	gone := &sma.HangUp{Target: sma.On(leg.CallID)}
	ask(sma.Hangup, &sma.ActionData{Type: gone.ActionType(), Parameters: gone})
	eventually(t, "the contact is completed with a record", func() bool {
		c, err := router.Contact(t.Context(), tenant, contact.ID(id))
		b.must(err)
		record, err := tb.Get(t.Context(), contact.RecordKey(tenant, contact.ID(id), 0), true)
		b.must(err)
		return c.State == contact.Completed && record != nil
	})
	eventually(t, "the day's list names it", func() bool {
		for shard := range event.DayShards {
			rows, _, err := tb.Query(t.Context(), cloud.Query{Part: event.DayPart(tenant, time.Now(), shard), Strong: true})
			b.must(err)
			if len(rows) == 1 && rows[0].Str("contact") == id {
				return true
			}
		}
		return false
	})
}
