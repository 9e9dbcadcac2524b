package localcloud_test

import (
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

// FuzzReceipt hands any receipt back: it ends a message, is no longer valid or is
// refused, and never another message's.
func FuzzReceipt(f *testing.F) {
	clock := localcloud.NewClock(start)
	c, err := localcloud.Open(localcloud.Options{Manual: true, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: "q"}}})
	if err != nil {
		f.Fatal(err)
	}
	if err := c.Queue().Send(f.Context(), "q", cloud.Message{Body: []byte("x")}); err != nil {
		f.Fatal(err)
	}
	got, err := c.Queue().Receive(f.Context(), "q", 1, 0, time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("AAAA")
	f.Add(got[0].Receipt[:40])
	f.Fuzz(func(t *testing.T, receipt string) {
		if receipt == got[0].Receipt {
			t.Skip()
		}
		for _, err := range []error{c.Queue().Delete(t.Context(), "q", receipt), c.Queue().Extend(t.Context(), "q", receipt, 0)} {
			if err != nil && fault.KindOf(err) != fault.Invalid {
				t.Errorf("receipt %q: %v", receipt, err)
			}
		}
		if c.Depth("q") != 1 {
			t.Fatalf("receipt %q ended the message", receipt)
		}
	})
}

// FuzzUnwrap opens anything: only what was wrapped opens.
func FuzzUnwrap(f *testing.F) {
	c, err := localcloud.Open(localcloud.Options{})
	if err != nil {
		f.Fatal(err)
	}
	_, wrapped, err := c.Keys().DataKey(f.Context(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add(wrapped[:20])
	f.Add(append([]byte{wrapped[0] + 1}, wrapped[1:]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := c.Keys().Unwrap(t.Context(), b, nil); fault.KindOf(err) != fault.Invalid && string(b) != string(wrapped) {
			t.Errorf("%x: %v", b, err)
		}
	})
}

// FuzzCursor goes on from any cursor: within the partition or refused.
func FuzzCursor(f *testing.F) {
	c, err := localcloud.Open(localcloud.Options{})
	if err != nil {
		f.Fatal(err)
	}
	for _, sort := range []string{"a", "b", "c"} {
		i := cloud.Item{cloud.AttrIndexPart: "I", cloud.AttrIndexSort: sort}
		if _, err := c.Table().Write(f.Context(), cloud.Write{Key: cloud.Key{Part: "p", Sort: sort}, Put: i}); err != nil {
			f.Fatal(err)
		}
	}
	f.Add("p", "b", "I", "b", true, false)
	f.Add("p", "", "", "", false, true)
	f.Add("q", "\x00", "I\x00", "\xff", true, true)
	f.Fuzz(func(t *testing.T, part, sort, indexPart, indexSort string, index, descending bool) {
		q := cloud.Query{Part: "p", Index: index, Descending: descending, After: cloud.Cursor{cloud.AttrPart: part, cloud.AttrSort: sort}}
		if index {
			q.Part = "I"
			q.After[cloud.AttrIndexPart], q.After[cloud.AttrIndexSort] = indexPart, indexSort
		}
		page, _, err := c.Table().Query(t.Context(), q)
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("cursor %v: %v", q.After, err)
		}
		for _, i := range page {
			if i.Key().Part != "p" {
				t.Errorf("cursor %v leads to %v", q.After, i.Key())
			}
		}
	})
}
