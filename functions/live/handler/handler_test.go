package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	routing "huawu/functions/acd/handler"
	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/event"
)

// bed is the function over a cloud in memory, and what was pushed.
type bed struct {
	*testing.T
	cloud  *localcloud.Cloud
	h      *Handler
	ticket string
	pushed []string
}

func newBed(t *testing.T) *bed {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	c, err := localcloud.Open(localcloud.Options{Queues: []localcloud.QueueOptions{{Name: event.LiveQueue}}, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{T: t, cloud: c, h: New(Ports{Table: c.Table(), Keys: c.Keys(), Queue: c.Queue(), Push: c.Push()},
		Config{Issuer: "huawu", Audience: "desk-live", Origins: []string{"desk.example"}, Routing: routing.Machine(quiet)})}
	a := agent.Agent{Tenant: "demo", ID: "lin", State: agent.Offline, Version: 1}
	if _, err := c.Table().Write(t.Context(), a.Put()); err != nil {
		t.Fatal(err)
	}
	b.ticket, err = auth.New(c.Keys(), "huawu", "desk-live", time.Now).Issue(t.Context(), auth.Identity{Tenant: "demo", Agent: "lin", Role: auth.Agent, Expires: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	c.Push().Open("L0SM9cOFvHcCIhw=", func(_ context.Context, text []byte) error {
		b.pushed = append(b.pushed, string(text))
		return nil
	})
	return b
}

// call hands over an event as it comes from API Gateway.
func (b *bed) call(route, headers, query, body string) events.APIGatewayProxyResponse {
	b.Helper()
	raw := `{"headers":` + headers + `,"queryStringParameters":` + query + `,"requestContext":{"routeKey":"` + route + `","connectionId":"L0SM9cOFvHcCIhw=",
		"eventType":"X","stage":"live","domainName":"abc.execute-api.example","apiId":"abc","requestId":"r"},"body":` + strconv.Quote(body) + `,"isBase64Encoded":false}`
	out, err := b.h.Handle(b.Context(), json.RawMessage(raw))
	if err != nil {
		b.Fatal(err)
	}
	answer, ok := out.(events.APIGatewayProxyResponse)
	if !ok {
		b.Fatalf("%T", out)
	}
	return answer
}

func TestAConnectionFromItsBeginToItsEnd(t *testing.T) {
	b := newBed(t)
	query := `{"ticket":"` + b.ticket + `"}`
	if out := b.call("$connect", `{"Origin":"https://evil.example","Host":"abc.execute-api.example"}`, query, ""); out.StatusCode != 403 {
		t.Errorf("a page of another site: %d", out.StatusCode)
	}
	if out := b.call("$connect", `{"origin":"https://desk.example","host":"abc.execute-api.example"}`, query, ""); out.StatusCode != 200 {
		t.Fatalf("our page: %d", out.StatusCode)
	}
	if out := b.call("$connect", `null`, query, ""); out.StatusCode != 403 {
		t.Errorf("the ticket again: %d", out.StatusCode)
	}
	if out := b.call("$default", `null`, `null`, `{"type":"ping"}`); out.Body != `{"type":"pong"}` {
		t.Errorf("ping: %+v", out)
	}
	if out := b.call("$default", `null`, `null`, `nonsense`); !strings.Contains(out.Body, `"bad_frame"`) || out.StatusCode != 200 {
		t.Errorf("nonsense: %+v", out)
	}
	if out := b.call("$default", `null`, `null`, `{"type":"subscribe","topic":"me"}`); out.Body != "" || out.StatusCode != 200 || len(b.pushed) != 1 || !strings.Contains(b.pushed[0], `"versions":{"agent/lin":1}`) {
		t.Errorf("subscribe: %+v, pushed %q", out, b.pushed)
	}
	if out := b.call("$disconnect", `null`, `null`, ""); out.StatusCode != 200 {
		t.Errorf("the end: %d", out.StatusCode)
	}
	if out := b.call("$default", `null`, `null`, `{"type":"sync","topic":"me"}`); !strings.Contains(out.Body, "unknown_connection") {
		t.Errorf("after the end: %+v", out)
	}
}

func TestChangesOfAQueueAreToldAndBadOnesReported(t *testing.T) {
	b := newBed(t)
	if out := b.call("$connect", `null`, `{"ticket":"`+b.ticket+`"}`, ""); out.StatusCode != 200 {
		t.Fatal(out.StatusCode)
	}
	b.call("$default", `null`, `null`, `{"type":"subscribe","topic":"me"}`)
	a := agent.Agent{Tenant: "demo", ID: "lin", State: agent.Away, Status: "meal", Version: 2}
	item := a.Item()
	item["PK"], item["SK"] = agent.Key("demo", "lin").Part, agent.Key("demo", "lin").Sort
	body, err := json.Marshal(event.Live{At: time.Now(), From: 1, Item: item})
	if err != nil {
		t.Fatal(err)
	}
	record := func(id, body string, sent time.Time) events.SQSMessage {
		return events.SQSMessage{MessageId: id, Body: body, EventSource: "aws:sqs", EventSourceARN: "arn:aws:sqs:local:0:x-live", Attributes: map[string]string{"SentTimestamp": strconv.FormatInt(sent.UnixMilli(), 10)}}
	}
	raw, err := json.Marshal(events.SQSEvent{Records: []events.SQSMessage{record("good", string(body), time.Now()), record("bad", `{"item":{}}`, time.Now()),
		record("worse", `[`, time.Now()), record("old", string(body), time.Now().Add(-time.Hour))}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := b.h.Handle(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	failed, _ := out.(events.SQSEventResponse)
	if len(failed.BatchItemFailures) != 2 || failed.BatchItemFailures[0].ItemIdentifier != "bad" || failed.BatchItemFailures[1].ItemIdentifier != "worse" {
		t.Errorf("failed %+v", failed)
	}
	if len(b.pushed) != 2 || !strings.Contains(b.pushed[1], `"entity":"agent","id":"lin","from":0,"v":2,"state":{"status":{"status":"custom","name":"meal"`) {
		t.Errorf("pushed %q", b.pushed)
	}
}
