package recording

import (
	"reflect"
	"testing"
	"time"
)

func TestAnIndexItemKeepsAll(t *testing.T) {
	want := Index{
		Subject: Subject{"demo", "0195-a", 2}, Object: "recordings/x", Started: started, Samples: 12345, Channels: 2,
		Bytes: 999, Tail: []byte("tail"), Flags: Paused | Torn, Wrapped: []byte("w"), DataKey: []byte("d"),
	}
	got, err := FromItem(want.Item())
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("FromItem = %+v, %v", got, err)
	}
	if want.Duration() != 1543125*time.Microsecond {
		t.Errorf("Duration = %v", want.Duration())
	}
	if _, err := FromItem(nil); err == nil {
		t.Error("an item without a start was taken")
	}
}

func TestObjectKeysParse(t *testing.T) {
	key := ObjectKey(Subject{"demo", "0195-a", 12}, started)
	if key != "recordings/demo/2026/03/04/0195-a-12.hwr" {
		t.Errorf("ObjectKey = %q", key)
	}
	if s, err := ParseObjectKey(key); err != nil || s != (Subject{"demo", "0195-a", 12}) {
		t.Errorf("ParseObjectKey = %v, %v", s, err)
	}
	for _, bad := range []string{
		"", "recordings/", "recordings/demo/2026/03/04/.hwr", "recordings/demo/2026/03/04/a-.hwr", "recordings/demo/2026/03/04/-1.hwr",
		"recordings/demo/2026/13/04/a-1.hwr", "recordings/demo/2026/03/04/a-01.hwr", "recordings/demo/2026/03/04/a--1x.hwr",
		"recordings//2026/03/04/a-1.hwr", "other/demo/2026/03/04/a-1.hwr", "recordings/demo/2026/03/04/a-1.wav", "recordings/demo/2026/03/04/x/a-1.hwr",
	} {
		if s, err := ParseObjectKey(bad); err == nil {
			t.Errorf("%q parses as %v", bad, s)
		}
	}
}
