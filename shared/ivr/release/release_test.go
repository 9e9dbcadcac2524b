package release

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
	"huawu/shared/flow"
)

const tenant = "demo"

// desk is one who works on flows.
type desk struct {
	*testing.T
	Store
	ctx context.Context
	now time.Time
	ids int
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t, ctx: t.Context(), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
	c, err := localcloud.Open(localcloud.Options{Manual: true, Seed: 1, Now: func() time.Time { return d.now }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	d.Store = Store{Table: c.Table(), Now: func() time.Time { return d.now }, NewID: func() string { d.ids++; return fmt.Sprint("token-", d.ids) }}
	return d
}

func document(text string) []byte {
	return fmt.Appendf(nil, `{"Version":"2019-10-30","StartAction":"hi","Metadata":{"position":{ "x" : 1e1},"name":"Hotline","type":"contactFlow"},
"Actions":[{"Identifier":"hi","Type":"MessageParticipant","Parameters":{"Text":%q},"Transitions":{"NextAction":"bye","Errors":[],"Conditions":[]}},
{"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]}`, text)
}

func fine(*flow.Flow) error { return nil }

func (d *desk) save(text string) Head {
	d.Helper()
	h, err := d.Save(d.ctx, tenant, "hotline", document(text), Change{By: "lin"})
	if err != nil {
		d.Fatal(err)
	}
	return h
}

func (d *desk) publish(text string) Head {
	d.Helper()
	d.save(text)
	h, err := d.Publish(d.ctx, tenant, "hotline", Change{By: "lin", Note: text}, fine)
	if err != nil {
		d.Fatal(err)
	}
	return h
}

// runs reports the document that a qualifier means.
func (d *desk) runs(qualifier string) string {
	d.Helper()
	v, err := d.Document(d.ctx, tenant, "hotline", qualifier)
	if err != nil {
		d.Fatal(err)
	}
	f, err := flow.Parse(v.Document)
	if err != nil {
		d.Fatal(err)
	}
	return string(f.Actions[0].Parameters)
}

func TestADraftIsHeardByNobodyUntilItIsPublished(t *testing.T) {
	d := newDesk(t)
	h := d.save("one")
	if h.Status() != "SAVED" || h.Published != 0 {
		t.Errorf("after save: %s, version %d", h.Status(), h.Published)
	}
	if _, err := d.Document(d.ctx, tenant, "hotline", ""); !errors.Is(err, ErrNoVersion) {
		t.Errorf("published document of a draft: %v", err)
	}
	if h = d.publish("one"); h.Status() != "PUBLISHED" || h.Published != 1 {
		t.Errorf("after publish: %s, version %d", h.Status(), h.Published)
	}
	if h = d.save("two"); h.Status() != "SAVED" || h.Published != 1 {
		t.Errorf("after the next save: %s, version %d", h.Status(), h.Published)
	}
	if got := d.runs(""); !strings.Contains(got, "one") {
		t.Errorf("callers hear %s", got)
	}
	if got := d.runs(Saved); !strings.Contains(got, "two") {
		t.Errorf("the draft is %s", got)
	}
}

func TestPublishingAgainIsNoChange(t *testing.T) {
	d := newDesk(t)
	d.publish("one")
	h, err := d.Publish(d.ctx, tenant, "hotline", Change{}, fine)
	if err != nil || h.Last != 1 {
		t.Errorf("version %d, %v", h.Last, err)
	}
}

func TestAFlowThatIsRefusedIsNotPublished(t *testing.T) {
	d := newDesk(t)
	d.save("one")
	bad := fault.New(fault.Invalid, "no")
	if _, err := d.Publish(d.ctx, tenant, "hotline", Change{}, func(*flow.Flow) error { return bad }); !errors.Is(err, bad) {
		t.Errorf("Publish: %v", err)
	}
	if h, _ := d.Head(d.ctx, tenant, "hotline"); h.Published != 0 || h.Last != 0 {
		t.Errorf("versions %d, %d", h.Published, h.Last)
	}
}

func TestVersionsNeverChangeAndComeBack(t *testing.T) {
	d := newDesk(t)
	for _, text := range []string{"one", "two", "three"} {
		d.publish(text)
	}
	h, err := d.Rollback(d.ctx, tenant, "hotline", 0)
	if err != nil || h.Published != 2 || h.Last != 3 {
		t.Fatalf("rollback: %d of %d, %v", h.Published, h.Last, err)
	}
	for qualifier, want := range map[string]string{"": "two", "1": "one", "3": "three"} {
		if got := d.runs(qualifier); !strings.Contains(got, want) {
			t.Errorf("%q runs %s, want %s", qualifier, got, want)
		}
	}
	if h, err = d.Publish(d.ctx, tenant, "hotline", Change{}, fine); err != nil || h.Published != 3 || h.Last != 3 {
		t.Errorf("publish of the same draft: %d of %d, %v", h.Published, h.Last, err)
	}
	if _, err := d.Rollback(d.ctx, tenant, "hotline", 9); !errors.Is(err, ErrNoVersion) {
		t.Errorf("rollback to what does not exist: %v", err)
	}
	_, list, err := d.Versions(d.ctx, tenant, "hotline")
	if err != nil || len(list) != 3 || list[0].Number != 3 || list[2].Note != "one" || list[0].By != "lin" {
		t.Errorf("versions %+v, %v", list, err)
	}
}

func TestAnAliasSharesCallsOutByContact(t *testing.T) {
	d := newDesk(t)
	d.publish("one")
	d.publish("two")
	if _, err := d.SetAlias(d.ctx, tenant, "hotline", "live", []Share{{1, 80}, {2, 20}}); err != nil {
		t.Fatal(err)
	}
	h, err := d.Head(d.ctx, tenant, "hotline") // as stored
	if err != nil {
		t.Fatal(err)
	}
	const calls = 10000
	got := map[int]int{}
	for n := range calls {
		id := fmt.Sprintf("0199f3a2-%04x-7000-8000-%012x", n%7, n)
		v, _, ok := h.Resolve("live", id)
		again, _, _ := h.Resolve("live", id)
		if !ok || v != again {
			t.Fatalf("contact %s: %d, then %d", id, v, again)
		}
		got[v]++
	}
	if share := got[2] * 100 / calls; share < 18 || share > 22 {
		t.Errorf("version 2 got %d %% of the calls, want about 20", share)
	}
	if _, err = d.SetAlias(d.ctx, tenant, "hotline", "live", []Share{{2, 100}}); err != nil {
		t.Fatal(err)
	}
	if h, err = d.RestoreAlias(d.ctx, tenant, "hotline", "live"); err != nil || !slices.Equal(h.Aliases["live"].Shares, []Share{{1, 80}, {2, 20}}) {
		t.Errorf("restored to %v, %v", h.Aliases["live"].Shares, err)
	}
	if h, err = d.SetAlias(d.ctx, tenant, "hotline", "live", nil); err != nil || len(h.Aliases) != 0 {
		t.Errorf("removed: %v, %v", h.Aliases, err)
	}
}

func TestAliasesThatAreRefused(t *testing.T) {
	d := newDesk(t)
	d.publish("one")
	tests := []struct {
		name   string
		alias  string
		shares []Share
		want   fault.Kind
	}{
		{"shares of less than all", "live", []Share{{1, 99}}, fault.Invalid},
		{"a version twice", "live", []Share{{1, 50}, {1, 50}}, fault.Invalid},
		{"no share", "live", []Share{{1, 0}}, fault.Invalid},
		{"a version that is not there", "live", []Share{{2, 100}}, fault.NotFound},
		{"a name that is a number", "7", []Share{{1, 100}}, fault.Invalid},
		{"the draft's name", Saved, []Share{{1, 100}}, fault.Invalid},
		{"the end of an alias that is not there", "live", nil, fault.NotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := d.SetAlias(d.ctx, tenant, "hotline", tt.alias, tt.shares); fault.KindOf(err) != tt.want {
				t.Errorf("SetAlias: %v, want %s", err, tt.want)
			}
		})
	}
}

func TestASeededFlowBecomesVersions(t *testing.T) {
	d := newDesk(t)
	if _, err := d.Table.Write(d.ctx, cloud.Write{Key: HeadKey(tenant, "hotline"), Put: cloud.Item{"v": int64(1), "name": "Hotline", "document": string(document("seed"))}}); err != nil {
		t.Fatal(err)
	}
	if got := d.runs(""); !strings.Contains(got, "seed") {
		t.Errorf("the seed runs %s", got)
	}
	h := d.publish("two")
	if h.Published != 2 {
		t.Errorf("published %d, want 2", h.Published)
	}
	if got := d.runs("1"); !strings.Contains(got, "seed") {
		t.Errorf("version 1 is %s", got)
	}
	if h, err := d.Rollback(d.ctx, tenant, "hotline", 1); err != nil || h.Published != 1 {
		t.Errorf("rollback to the seed: %d, %v", h.Published, err)
	}
}

func TestTwoWhoWorkOnOneFlow(t *testing.T) {
	d := newDesk(t)
	first := d.save("one")
	d.save("other")
	if _, err := d.Save(d.ctx, tenant, "hotline", document("mine"), Change{Revision: first.Draft}); !errors.Is(err, ErrChanged) {
		t.Errorf("save over another's: %v", err)
	}
	if _, err := d.Publish(d.ctx, tenant, "hotline", Change{Revision: first.Draft}, fine); !errors.Is(err, ErrChanged) {
		t.Errorf("publish of what was not seen: %v", err)
	}
}

// Whatever a document holds that is not interpreted comes out as it went in.
func TestDocumentsAreKeptByteForByte(t *testing.T) {
	d := newDesk(t)
	documents := map[string][]byte{"spaces and numbers as written": document("one")}
	for _, folder := range []string{"../../../flows", "../../flow/testdata"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			documents[file] = data
		}
	}
	if len(documents) < 10 {
		t.Fatalf("only %d documents found", len(documents))
	}
	for name, data := range documents {
		if _, err := flow.Parse(data); err != nil {
			continue
		}
		if _, err := d.Save(d.ctx, tenant, "kept", data, Change{}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := d.Publish(d.ctx, tenant, "kept", Change{}, fine); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, qualifier := range []string{Saved, ""} {
			if v, err := d.Document(d.ctx, tenant, "kept", qualifier); err != nil || !bytes.Equal(v.Document, data) {
				t.Errorf("%s: %q is another document, %v", name, qualifier, err)
			}
		}
	}
}

func TestWhatIsNoFlowIsNotSaved(t *testing.T) {
	d := newDesk(t)
	for name, data := range map[string]string{"no JSON": "{", "no flow": "[]"} {
		if _, err := d.Save(d.ctx, tenant, "hotline", []byte(data), Change{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"", "a:b", "a#b", "../x", strings.Repeat("a", 200)} {
		if _, err := d.Save(d.ctx, tenant, id, document("x"), Change{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("id %q: %v", id, err)
		}
	}
	if _, err := d.Publish(d.ctx, tenant, "nothing", Change{}, fine); !errors.Is(err, ErrNoFlow) {
		t.Errorf("publish of nothing: %v", err)
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]Ref{
		"hotline": {"hotline", ""}, "hotline:3": {"hotline", "3"}, "hotline:$SAVED": {"hotline", Saved},
		"arn:aws:connect:r:1:instance/i/contact-flow/hotline":      {"hotline", ""},
		"arn:aws:connect:r:1:instance/i/contact-flow/hotline:live": {"hotline", "live"},
	} {
		if got := ParseRef(text); got != want {
			t.Errorf("ParseRef(%q) = %v, want %v", text, got, want)
		}
	}
}
