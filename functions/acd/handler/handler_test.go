package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/acd"
	"huawu/shared/agent"
	"huawu/shared/cloud"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

func newHandler(t *testing.T) (*Handler, *localcloud.Cloud) {
	t.Helper()
	c, err := localcloud.Open(localcloud.Options{Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}, {Name: "relay-1"}}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []cloud.Write{
		acd.Queue{ID: "loans", Group: "main", RingSeconds: 20, ACWSeconds: 30}.Put("demo"),
		acd.Profile{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}}.Put("demo"),
		(&agent.Agent{Tenant: "demo", ID: "lin", State: agent.Available, Epoch: 1, Profile: "loans", Voice: agent.Slots{Max: 1}}).Put(),
		(&contact.Contact{Tenant: "demo", ID: "c1", State: contact.Queued, Epoch: 1, Queue: "loans", Group: "main", Rank: "05.1", Relay: "relay-1"}).Put(),
	} {
		if _, err := c.Table().Write(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	return New(c.Table(), c.Queue(), Machine(slog.New(slog.DiscardHandler))), c
}

// record is the stream record of an item as it stands.
func record(t *testing.T, c *localcloud.Cloud, k cloud.Key, sequence string) events.DynamoDBEventRecord {
	t.Helper()
	i, err := c.Table().Get(t.Context(), k, true)
	if err != nil {
		t.Fatal(err)
	}
	image, err := lambdaevent.FromItem(i)
	if err != nil {
		t.Fatal(err)
	}
	return events.DynamoDBEventRecord{EventSource: "aws:dynamodb", EventName: "INSERT", Change: events.DynamoDBStreamRecord{
		Keys: map[string]events.DynamoDBAttributeValue{"PK": image["PK"], "SK": image["SK"]}, NewImage: image, SequenceNumber: sequence}}
}

func TestTheStreamMakesGoodWhatACrashLeft(t *testing.T) {
	h, c := newHandler(t)
	e := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		{EventSource: "aws:dynamodb", Change: events.DynamoDBStreamRecord{SequenceNumber: "1"}}, // poison: no key
		record(t, c, agent.Key("demo", "lin"), "2"), record(t, c, contact.Key("demo", "c1"), "3"),
	}}
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Handle(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if f := out.(events.DynamoDBEventResponse).BatchItemFailures; len(f) != 1 || f[0].ItemIdentifier != "1" {
		t.Errorf("failures %v, want the poisonous record alone", f)
	}
	i, err := c.Table().Get(t.Context(), contact.Key("demo", "c1"), true)
	if got := contact.FromItem(i); err != nil || got.State != contact.Offered || got.OfferAgent != "lin" {
		t.Errorf("the contact without a row was not offered: %+v, %v", got, err)
	}
}

func TestATimerOfTheQueue(t *testing.T) {
	h, _ := newHandler(t)
	raw, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{
		{MessageId: "bad", EventSource: "aws:sqs", Body: "{"},
		{MessageId: "good", EventSource: "aws:sqs", Body: `{"kind":"group","tenant":"demo","group":"main"}`},
		{MessageId: "old", EventSource: "aws:sqs", Body: `{"kind":"offer","tenant":"demo","contact":"gone"}`},
	}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Handle(t.Context(), raw)
	if f := out.(events.SQSEventResponse).BatchItemFailures; err != nil || len(f) != 1 || f[0].ItemIdentifier != "bad" {
		t.Errorf("failures %v, %v, want the unreadable message alone", f, err)
	}
}

func TestTheRuleSweepsWhatTheStreamHasLost(t *testing.T) {
	h, c := newHandler(t)
	for _, w := range []cloud.Write{
		{Key: cloud.Key{Part: "_|CFG", Sort: "TENANT#demo"}, Put: cloud.Item{"v": int64(1)}},
		{Key: cloud.Key{Part: "demo|CFG", Sort: "AGENT#lin"}, Put: cloud.Item{"v": int64(1), "agent": "lin"}},
		{Key: cloud.Key{Part: "demo|T#0", Sort: "0000000000000001#group#main"}, Put: cloud.Item{"v": int64(1), "timer": `{"kind":"group","tenant":"demo","group":"main"}`}},
		{Key: cloud.Key{Part: "demo|T#0", Sort: "0000000000000002#?"}, Put: cloud.Item{"v": int64(1), "timer": `{`}}, // poison
	} {
		if _, err := c.Table().Write(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := h.Handle(t.Context(), json.RawMessage(Rule)); out != nil || err != nil {
		t.Fatalf("the rule: %v, %v", out, err)
	}
	left, _, err := c.Table().Query(t.Context(), cloud.Query{Part: "demo|T#0", Strong: true})
	if err != nil || len(left) != 0 {
		t.Errorf("timers %v, %v are left after they were due", left, err)
	}
}

func TestEventsOfOthers(t *testing.T) {
	h, _ := newHandler(t)
	for _, raw := range []string{``, `{}`, `{"Records":[]}`, `{"Records":[{"eventSource":"aws:s3"}]}`, `{"Records":[{"eventSource":"aws:sqs","body":5}]}`} {
		if _, err := h.Handle(t.Context(), json.RawMessage(raw)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("event %q: %v", raw, err)
		}
	}
}

func TestTheMachinesSleepEndsWithItsContext(t *testing.T) {
	run := Machine(slog.New(slog.DiscardHandler))
	if err := run.Sleep(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if run.Sleep(ctx, time.Hour) == nil {
		t.Error("a sleep outlives its context")
	}
	if one, other := run.NewID(), run.NewID(); one == other || run.Rand() >= 1 || run.Now().IsZero() {
		t.Error("ids, chance or clock are not right")
	}
}
