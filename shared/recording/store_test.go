package recording_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
	"huawu/shared/recording"
)

// An erased recording has neither its key nor its bytes left; others stay.
func TestErasureTakesKeyAndObject(t *testing.T) {
	c, err := localcloud.Open(localcloud.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, st := t.Context(), recording.Store{Table: c.Table(), Blobs: c.Blobs()}
	var all [2]recording.Index
	for n := range all {
		s := recording.Subject{Tenant: "demo", Contact: "01938d2c-7f1e-7abc-8def-0123456789ab", Segment: n}
		at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
		all[n] = recording.Index{Subject: s, Object: recording.ObjectKey(s, at), Started: at, Channels: 2, Wrapped: []byte("w"), DataKey: []byte("d")}
		if err := errors.Join(c.Blobs().Put(ctx, all[n].Object, strings.NewReader("sealed"), cloud.PutOptions{}), st.Put(ctx, all[n])); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // twice is no error: an erasure may be repeated
		if err := st.Erase(ctx, all[0]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := st.Get(ctx, all[0].Subject); fault.KindOf(err) != fault.NotFound {
		t.Errorf("its index item: %v, want not found", err)
	}
	if _, _, err := c.Blobs().Get(ctx, all[0].Object, 0, 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("its object: %v, want not found", err)
	}
	if _, err := st.Get(ctx, all[1].Subject); err != nil {
		t.Errorf("another one: %v", err)
	}
}
