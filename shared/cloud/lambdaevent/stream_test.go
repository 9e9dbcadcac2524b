package lambdaevent

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

func record(seq, part string, v int64) events.DynamoDBEventRecord {
	item := cloud.Item{cloud.AttrPart: part, cloud.AttrSort: "META", AttrVersion: v}
	image, err := FromItem(item)
	if err != nil {
		panic(err)
	}
	keys := Image{cloud.AttrPart: image[cloud.AttrPart], cloud.AttrSort: image[cloud.AttrSort]}
	return events.DynamoDBEventRecord{EventID: "e" + seq, EventSource: "aws:dynamodb", EventName: "MODIFY",
		Change: events.DynamoDBStreamRecord{Keys: keys, NewImage: image, SequenceNumber: seq}}
}

func TestStreamBatch(t *testing.T) {
	batch := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
		record("1", "t|A", 1), record("2", "t|B", 1), record("3", "t|A", 2), record("4", "t|C", 1)}}
	tests := []struct {
		name   string
		bad    string // id of the change that fails
		panics bool
		seen   []string
		failed []string
	}{
		{"all succeed", "", false, []string{"t|A/META/1", "t|B/META/1", "t|A/META/2", "t|C/META/1"}, nil},
		{"later records of a failed item wait, other items go on", "t|A/META/1", false,
			[]string{"t|A/META/1", "t|B/META/1", "t|C/META/1"}, []string{"1"}},
		{"the last one fails alone", "t|C/META/1", false, []string{"t|A/META/1", "t|B/META/1", "t|A/META/2", "t|C/META/1"}, []string{"4"}},
		{"a panic is one record's failure", "t|B/META/1", true, []string{"t|A/META/1", "t|B/META/1", "t|A/META/2", "t|C/META/1"}, []string{"2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seen []string
			out, err := StreamBatch(t.Context(), batch, func(_ context.Context, c Change) error {
				seen = append(seen, c.ID)
				if c.ID == tt.bad {
					if tt.panics {
						panic("boom")
					}
					return fault.New(fault.Conflict, "race")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(seen, tt.seen) {
				t.Errorf("handed over %v, want %v", seen, tt.seen)
			}
			if got := failures(out); !slices.Equal(got, tt.failed) {
				t.Errorf("reported %v, want %v", got, tt.failed)
			}
		})
	}
}

func failures(out events.DynamoDBEventResponse) []string {
	var ids []string
	for _, f := range out.BatchItemFailures {
		ids = append(ids, f.ItemIdentifier)
	}
	return ids
}

func TestBatchEndsAt80PercentOfItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		batch := events.DynamoDBEvent{Records: []events.DynamoDBEventRecord{
			record("1", "t|A", 1), record("2", "t|B", 1), record("3", "t|C", 1), record("4", "t|D", 1)}}
		n := 0
		out, _ := StreamBatch(ctx, batch, func(context.Context, Change) error { n++; time.Sleep(4 * time.Second); return nil })
		if got := failures(out); n != 2 || !slices.Equal(got, []string{"3"}) {
			t.Errorf("took %d records and reported %v, want 2 and [3]", n, got)
		}
		queue := events.SQSEvent{Records: []events.SQSMessage{{MessageId: "a"}, {MessageId: "b"}, {MessageId: "c"}}}
		late, cancelLate := context.WithTimeout(t.Context(), time.Second)
		defer cancelLate()
		res, _ := QueueBatch(late, queue, func(context.Context, Message) error { time.Sleep(800 * time.Millisecond); return nil })
		if len(res.BatchItemFailures) != 2 || res.BatchItemFailures[0].ItemIdentifier != "b" {
			t.Errorf("reported %v, want b and c", res.BatchItemFailures)
		}
	})
}

func TestToChange(t *testing.T) {
	removed := record("9", "t|A", 4)
	removed.Change.OldImage, removed.Change.NewImage = removed.Change.NewImage, nil
	removed.UserIdentity = &events.DynamoDBUserIdentity{Type: "Service", PrincipalID: "dynamodb.amazonaws.com"}
	unversioned := record("5", "t|L", 0)
	delete(unversioned.Change.NewImage, AttrVersion)
	half := record("6", "t|X", 1)
	half.Change.NewImage["rate"] = events.NewNumberAttribute("0.5")

	if c, err := ToChange(removed); err != nil || c.ID != "t|A/META/4-" || !c.Expired || c.New != nil || c.Old.Int("v") != 4 {
		t.Errorf("removed item: %+v, %v", c, err)
	}
	if c, err := ToChange(unversioned); err != nil || c.ID != "e5" || c.Expired {
		t.Errorf("item without version: %+v, %v", c, err)
	}
	if _, err := ToChange(half); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a fraction gives %v, want invalid", err)
	}
	if _, err := ToChange(events.DynamoDBEventRecord{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a record without key gives %v, want invalid", err)
	}
}

func TestItemsRoundTrip(t *testing.T) {
	item := cloud.Item{"s": "", "n": int64(-9007199254740993), "b": []byte{}, "yes": true, "texts": []string{"b", "a", "b"}, "none": []string{},
		"list": []any{"x", int64(1), map[string]any{}}, "map": map[string]any{"in": []any{[]byte{1}, false}}}
	image, err := FromItem(item)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ToItem(image)
	if err != nil || !reflect.DeepEqual(got, item) {
		t.Errorf("got %#v, %v", got, err)
	}
	for name, bad := range map[string]any{"nil": nil, "float": 0.5, "int in a list": []any{1}, "struct": struct{}{}} {
		if _, err := FromItem(cloud.Item{"x": bad}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s gives %v, want invalid", name, err)
		}
	}
	if _, err := ToItem(Image{"x": events.NewNullAttribute()}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("null gives %v, want invalid", err)
	}
}

func TestQueueBatchReportsOnlyWhatFailed(t *testing.T) {
	e := events.SQSEvent{Records: []events.SQSMessage{
		{MessageId: "1", Body: "good", EventSourceARN: "arn:aws:sqs:eu-west-1:1:dev-acd", Attributes: map[string]string{"ApproximateReceiveCount": "3", "SentTimestamp": "1700000000000"}},
		{MessageId: "2", Body: "bad"}, {MessageId: "3", Body: "good"}}}
	var got []Message
	out, err := QueueBatch(t.Context(), e, func(_ context.Context, m Message) error {
		got = append(got, m)
		if string(m.Body) == "bad" {
			return errors.New("broken")
		}
		return nil
	})
	if err != nil || len(out.BatchItemFailures) != 1 || out.BatchItemFailures[0].ItemIdentifier != "2" {
		t.Errorf("reported %v, %v", out.BatchItemFailures, err)
	}
	if m := got[0]; m.Queue != "dev-acd" || m.Count != 3 || m.Sent.Unix() != 1700000000 {
		t.Errorf("first message %+v", m)
	}
	if m := got[1]; m.Queue != "" || m.Count != 1 || !m.Sent.IsZero() {
		t.Errorf("bare message %+v", m)
	}
}
