package bind

import (
	"os"
	"testing"

	"huawu/shared/flow"
)

const queueARN = "arn:aws:connect:cn-north-1:123456789012:instance/i/queue/11111111-2222-3333-4444-555555555555"

func hotline(t testing.TB) *flow.Flow {
	t.Helper()
	data, err := os.ReadFile("../lint/testdata/hotline.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestNamesAndARNsAreEachOther(t *testing.T) {
	m, err := ReadMap([]byte(`{"queues": {"service": "` + queueARN + `"}, "functions": {"order-status": "${lookup_arn}"}}`))
	if err != nil {
		t.Fatal(err)
	}
	f := hotline(t)
	before, err := flow.Export(f)
	if err != nil {
		t.Fatal(err)
	}
	there, missing := m.ToARNs(f)
	if have := References(there); len(have) != len(References(f)) {
		t.Errorf("%d references became %d", len(References(f)), len(have))
	}
	if a := there.Find("service"); string(a.Parameters) != `{"QueueId": "`+queueARN+`"}` {
		t.Errorf("the queue is %s", a.Parameters)
	}
	want := map[string]bool{"hooks": true, "hours": true, "card": true, "check": true, "survey": true}
	for _, r := range missing {
		if !want[r.Action] {
			t.Errorf("missing %+v", r)
		}
		delete(want, r.Action)
	}
	if len(want) > 0 {
		t.Errorf("not missing, but not in the map: %v", want)
	}
	back, _ := m.ToNames(there)
	after, err := flow.Export(back)
	if err != nil || string(after) != string(before) {
		t.Errorf("there and back is another flow: %v", err)
	}
	unchanged, err := flow.Export(f)
	if err != nil || string(unchanged) != string(before) {
		t.Error("the flow that was given is changed")
	}
}

func TestMapsAreChecked(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": "x", "an unknown kind": `{"queue":{"a":"b"}}`, "an empty name": `{"queues":{"":"b"}}`,
		"an empty ARN": `{"queues":{"a":""}}`, "two names for one": `{"queues":{"a":"x","b":"x"}}`, "a list": `{"queues":["a"]}`,
	} {
		if _, err := ReadMap([]byte(text)); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestThePartAfterTheSlashIsTheARN(t *testing.T) {
	m := Map{Queue: {"service": queueARN}}
	if !m.Knows(Queue, "11111111-2222-3333-4444-555555555555") || m.Knows(Flow, queueARN) || m.Knows(Queue, "other") {
		t.Error("a queue's id is its ARN's last part")
	}
}

func TestPlaceholders(t *testing.T) {
	for text, want := range map[string]string{"${a}": "${a}", "x{{ b }}y": "{{ b }}", "__QUEUE_ARN__": "__QUEUE_ARN__", "$.Attributes.x": "", "a__b": "", "arn:aws:x": ""} {
		if have := Placeholder(text); have != want {
			t.Errorf("%s: %q", text, have)
		}
	}
}

func FuzzReadMap(f *testing.F) {
	f.Add([]byte(`{"queues":{"service":"arn:a/b"}}`))
	flow := hotline(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ReadMap(data)
		if err != nil {
			return
		}
		there, _ := m.ToARNs(flow)
		m.ToNames(there)
	})
}
