package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
	"huawu/shared/flow/lint"
	"huawu/shared/hours"
	"huawu/shared/ivr/release"
)

const tenant = "demo"

func newPublisher(t *testing.T) *Publisher {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }
	log := slog.New(slog.DiscardHandler)
	c, err := localcloud.Open(localcloud.Options{Manual: true, Seed: 1, Now: now, Log: log, Queues: []localcloud.QueueOptions{{Name: acd.TimerQueue}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	ids := 0
	id := func() string { ids++; return fmt.Sprint("id-", ids) }
	open, err := acd.PutHours(tenant, "office", hours.Always(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Table().Write(t.Context(), open); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Table().Write(t.Context(), acd.Queue{ID: "service", Name: "Service", Group: "g"}.Put(tenant)); err != nil {
		t.Fatal(err)
	}
	return &Publisher{Store: release.Store{Table: c.Table(), Now: now, NewID: id}, Router: acd.NewRouter(c.Table(), c.Queue(), acd.Runtime{Now: now, Log: log,
		NewID: id, Rand: func() float64 { return 0 }, Sleep: func(context.Context, time.Duration) error { return nil }})}
}

// one is a flow of one action that goes on to a hang-up.
func one(kind, parameters string) []byte {
	return fmt.Appendf(nil, `{"Version":"2019-10-30","StartAction":"do","Actions":[
{"Identifier":"do","Type":%q,"Parameters":%s,"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}],"Conditions":[]}},
{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, kind, parameters)
}

func (p *Publisher) put(t *testing.T, id string, document []byte, o Options) ([]lint.Finding, error) {
	t.Helper()
	if _, err := p.Save(t.Context(), tenant, id, document, release.Change{}); err != nil {
		t.Fatal(err)
	}
	_, found, err := p.Publish(t.Context(), tenant, id, release.Change{}, o)
	return found, err
}

func TestWhatIsRefusedAndWhatIsOnlyWarnedOf(t *testing.T) {
	tests := []struct {
		name     string
		document []byte
		strict   bool
		refused  bool
		says     string // part of a finding, "" if there is none
	}{
		{"a good flow", one("MessageParticipant", `{"Text":"hello"}`), false, false, ""},
		{"a queue of this tenant", one("UpdateContactTargetQueue", `{"QueueId":"service"}`), false, false, ""},
		{"a queue by the ARN of another place", one("UpdateContactTargetQueue", `{"QueueId":"arn:aws:connect:r:1:instance/i/queue/service"}`), false, false, ""},
		{"a queue nobody knows", one("UpdateContactTargetQueue", `{"QueueId":"nowhere"}`), false, false, `queue "nowhere" is not bound here`},
		{"a queue nobody knows, strictly", one("UpdateContactTargetQueue", `{"QueueId":"nowhere"}`), true, true, `queue "nowhere" is not bound here`},
		{"hours of operation nobody knows", one("CheckHoursOfOperation", `{"HoursOfOperationId":"never"}`), false, false, `hours "never" is not bound here`},
		{"a flow nobody knows", one("TransferToFlow", `{"ContactFlowId":"other"}`), false, false, `flow "other" is not bound here`},
		{"tier 3: customer profiles", one("GetCustomerProfile", `{"ProfileRequestData":{"IdentifierName":"_phone","IdentifierValue":"$.CustomerEndpoint.Address"}}`), false, true, "customer profiles are not bound here"},
		{"tier 3: cases", one("CreateCase", `{}`), false, true, "cases are not bound here"},
		{"tier 3: tags", one("TagContact", `{}`), false, true, "tags are not bound here"},
		{"tier 2: tasks have an error branch", one("CreateTask", `{"Name":"call back"}`), false, false, "tasks are not bound here"},
		{"tier 4", one("CheckVoiceId", `{}`), false, true, "ask for a PIN with GetParticipantInput"},
		{"an invented action", one("PlayPrompt", `{}`), false, true, "did you mean MessageParticipant?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPublisher(t)
			found, err := p.put(t, "line", tt.document, Options{Strict: tt.strict})
			var no *Refused
			if errors.As(err, &no) != tt.refused || err != nil && fault.KindOf(err) != fault.Invalid {
				t.Fatalf("refused %v, want %v: %v", err != nil, tt.refused, err)
			}
			all := fmt.Sprint(found)
			if tt.says != "" && !strings.Contains(all, tt.says) {
				t.Errorf("findings %s, want %q", all, tt.says)
			}
			if tt.says == "" && strings.Contains(all, "not bound") {
				t.Errorf("findings %s", all)
			}
			h, err := p.Head(t.Context(), tenant, "line")
			if err != nil || (h.Published == 0) != tt.refused {
				t.Errorf("published version %d, %v", h.Published, err)
			}
		})
	}
}

func TestABoundRoomOpensItsActions(t *testing.T) {
	p := newPublisher(t)
	p.Serves = []string{"CreateCase"}
	if _, err := p.put(t, "line", one("CreateCase", `{}`), Options{}); err != nil {
		t.Error(err)
	}
}

func TestOurOwnFlowsCanBePublished(t *testing.T) {
	p := newPublisher(t)
	p.Serves = []string{"GetCase", "CreateCase", "UpdateCase", "TagContact"} // repair-ticket waits for tickets
	files, err := filepath.Glob("../../../flows/*.json")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d flows, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.put(t, strings.TrimSuffix(filepath.Base(file), ".json"), data, Options{}); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestNumbersLeadToWhatExists(t *testing.T) {
	p := newPublisher(t)
	if _, err := p.put(t, "line", one("MessageParticipant", `{"Text":"hello"}`), Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.SetAlias(t.Context(), tenant, "line", "live", []release.Share{{Version: 1, Percent: 100}}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, number, flow string
		want               fault.Kind
	}{
		{"the published version", "95000", "line", ""},
		{"a version", "95001", "line:1", ""},
		{"an alias", "+864001234567", "line:live", ""},
		{"the draft", "95003", "line:$SAVED", ""},
		{"every other number", "*", "line", ""},
		{"a flow that is not there", "95000", "nowhere", fault.NotFound},
		{"a version that is not there", "95000", "line:2", fault.NotFound},
		{"an alias that is not there", "95000", "line:beta", fault.NotFound},
		{"no number", "ring me", "line", fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := p.Bind(t.Context(), tenant, Binding{Number: tt.number, Flow: tt.flow, Language: "zh-CN"}); fault.KindOf(err) != tt.want {
				t.Errorf("Bind: %v, want %q", err, tt.want)
			}
		})
	}
	list, err := p.Numbers(t.Context(), tenant)
	if err != nil || len(list) != 5 {
		t.Fatalf("numbers %+v, %v", list, err)
	}
	if list[0] != (Binding{Number: "*", Flow: "line", Language: "zh-CN"}) {
		t.Errorf("numbers %+v", list)
	}
}

func TestABotUnderstandsWhatItsGrammarSays(t *testing.T) {
	p := newPublisher(t)
	for _, text := range []string{`{"intents":[{"name":"a","keys":["1"]}]}`, `{"intents":[{"name":"b","keys":["1"]}]}`} {
		if _, err := p.PutBot(t.Context(), tenant, "orders", []byte(text)); err != nil {
			t.Fatal(err)
		}
		i, err := p.Table.Get(t.Context(), acd.ConfigKey(tenant, "BOT#orders"), true)
		if err != nil || i.Str("document") != text {
			t.Errorf("%v, %v", i, err)
		}
	}
	for id, text := range map[string]string{"orders": `{}`, "a:b": `{"intents":[{"name":"a","keys":["1"]}]}`} {
		if _, err := p.PutBot(t.Context(), tenant, id, []byte(text)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("bot %s: %v", id, err)
		}
	}
}
