package desk

import (
	"strings"
	"testing"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/live/view"
)

func TestACallbackIsAskedForAtTheDesk(t *testing.T) {
	b := newBench(t)
	mine := b.token("demo", lin, auth.Agent)
	b.write(acd.Queue{ID: "calls", Name: "Calls", Group: "g", CallerID: "95000"}.Put("demo"))
	b.write(cloud.Write{Key: acd.ConfigKey("demo", "HOURS#shop"), Put: cloud.Item{"v": int64(1), "document": `{"timeZone":"UTC","days":[[],[],[],[],[],[],[]]}`}})
	ask := func(status int, body string) answer {
		t.Helper()
		return b.want(status, mine, "POST", "/v1/contacts", `{"kind":"callback",`+body+`}`)
	}
	for body, field := range map[string]string{
		`"to":"+8613900139000"`:                                                           "body.queue",
		`"to":"lin","queue":"calls"`:                                                      "body.to",
		`"to":"10086","queue":"calls"`:                                                    "body.to",
		`"to":"+999999999999999999","queue":"calls"`:                                      "body.to",
		`"to":"+8613900139000","queue":"calls","hours":"never"`:                           "body.hours",
		`"to":"+8613900139000","queue":"calls","first":"boss"`:                            "body.first",
		`"to":"+8613900139000","queue":"calls","delaySeconds":259201`:                     "body.delaySeconds",
		`"to":"+8613900139000","queue":"calls","requestId":"1"`:                           "body.requestId",
		`"to":"+8613900139000","queue":"calls","attempts":0,"retrySeconds":259201`:        "body.retrySeconds",
		`"to":"+8613900139000","queue":"calls","hours":"` + strings.Repeat("x", 65) + `"`: "body.hours",
	} {
		if a := ask(422, body); !strings.Contains(string(a.raw), `"location":"`+field+`"`) {
			t.Errorf("%s: %s", body, a.raw)
		}
	}
	ask(404, `"to":"+8613900139000","queue":"nowhere"`)
	ask(409, `"to":"+8613900139000","queue":"loans"`) // no number to show
	const request = "01938d2c-7777-7abc-8def-000000000001"
	wish := `"to":"+8613900139000","queue":"calls","first":"customer","hours":"shop","attempts":3,"requestId":"` + request + `"`
	id, _ := ask(202, wish).body["contactId"].(string)
	if again, _ := ask(202, wish).body["contactId"].(string); again != id || id == "" {
		t.Errorf("the same request makes %s and %s", id, again)
	}
	c, err := b.router.Contact(t.Context(), "demo", contact.ID(id))
	if err != nil {
		t.Fatal(err)
	}
	if c.State != contact.Queued || !c.CustomerFirst || c.Window != "shop" || c.Tries.Max != 3 || c.Customer.Full() != "+8613900139000" || c.Queue != "calls" || !c.Calling.IsZero() {
		t.Errorf("the callback: %+v", c)
	}
}

func TestWhatAQueueRequiresBeforeAfterContactWorkEnds(t *testing.T) {
	tests := []struct {
		name     string
		required []string
		body     string
		status   int
		field    string
	}{
		{"nothing", nil, `{"disposition":"anything"}`, 200, ""},
		{"a disposition, one of its own", []string{acd.FieldDisposition}, `{"disposition":"sold"}`, 200, ""},
		{"a disposition, and not just any", []string{acd.FieldDisposition}, `{"disposition":"anything"}`, 422, "body.disposition"},
		{"a note", []string{acd.FieldNote}, `{"disposition":"sold","note":"  "}`, 422, "body.note"},
		{"a note that is there", []string{acd.FieldNote}, `{"disposition":"anything","note":"called twice"}`, 200, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.write(view.PutDispositions("demo", view.AnyQueue, []view.Choice{{Name: "sold"}}))
			b.write(acd.Queue{ID: "loans", Name: "Loans", Group: "g", RingSeconds: 20, ACWSeconds: 30, Required: tt.required}.Put("demo"))
			mine := b.token("demo", lin, auth.Agent)
			id := b.talk(mine)
			if _, err := b.router.End(t.Context(), "demo", id, contact.CustomerLeft); err != nil {
				t.Fatal(err)
			}
			at := "/v1/contacts/" + string(id) + "/finish"
			if a := b.want(tt.status, mine, "POST", at, tt.body); tt.field != "" && !strings.Contains(string(a.raw), `"location":"`+tt.field+`"`) {
				t.Errorf("%s", a.raw)
			}
			b.want(200, mine, "POST", at, `{"disposition":"sold","note":"done"}`)
			b.want(200, mine, "POST", at, `{"disposition":"again"}`) // of what is complete nothing is required
		})
	}
}
