package handler

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/recording"
)

var (
	started = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	subject = recording.Subject{Tenant: "demo", Contact: "01938d2c-7f1e-7abc-8def-0123456789ab"}
)

// stored puts a short recording and returns its index, which is not yet put.
func stored(t *testing.T, b cloud.Blobs) recording.Index {
	t.Helper()
	k, err := recording.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w, file, err := recording.NewSealer(k, subject, recording.Header{Started: started, Channels: 2}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if file, err = w.Seal(file, recording.Segment{Samples: 8000, Channels: make([]recording.Channel, 2)}, true); err != nil {
		t.Fatal(err)
	}
	x := recording.Index{Subject: subject, Object: recording.ObjectKey(subject, started), Started: started, Samples: 8000, Channels: 2,
		Bytes: int64(len(file)), Tail: file[len(file)-recording.TailSize:], Wrapped: []byte("w"), DataKey: []byte("d")}
	if err := b.Put(context.Background(), x.Object, bytes.NewReader(file), cloud.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	return x
}

// notification is what S3 sends, wrapped as SQS delivers it.
func notification(t *testing.T, key string) events.SQSEvent {
	t.Helper()
	raw, err := os.ReadFile("testdata/created.json")
	if err != nil {
		t.Fatal(err)
	}
	body := strings.ReplaceAll(string(raw), "KEY", key)
	if !json.Valid([]byte(body)) {
		t.Fatal("test data is no JSON")
	}
	return events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m1", Body: body, EventSourceARN: "arn:aws:sqs:local:000000000000:recording"}}}
}

func TestEachStoredRecordingIsChecked(t *testing.T) {
	tests := []struct {
		name   string
		change func(*recording.Index) // nil: no index item at all
		key    string
		failed bool
	}{
		{"whole, with its index", func(*recording.Index) {}, "", false},
		{"no index item", nil, "", true},
		{"shorter than its index says", func(x *recording.Index) { x.Bytes++ }, "", true},
		{"another end than its index says", func(x *recording.Index) { x.Tail = bytes.Repeat([]byte{1}, recording.TailSize) }, "", true},
		{"an index of another object", func(x *recording.Index) { x.Object += "x" }, "", true},
		{"an object that is gone", func(*recording.Index) {}, recording.ObjectKey(subject, started.AddDate(0, 0, 1)), true},
		{"a key that is none of a recording", func(*recording.Index) {}, "recordings/other.txt", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := localcloud.Open(localcloud.Options{Manual: true})
				if err != nil {
					t.Fatal(err)
				}
				x := stored(t, c.Blobs())
				object := x.Object
				if tt.change != nil {
					tt.change(&x)
					if err := (recording.Store{Table: c.Table()}).Put(t.Context(), x); err != nil {
						t.Fatal(err)
					}
				}
				if tt.key != "" {
					object = tt.key
				}
				r, err := New(c.Table(), c.Blobs()).Handle(t.Context(), notification(t, object))
				if err != nil || (len(r.BatchItemFailures) == 1) != tt.failed {
					t.Errorf("Handle = %v, %v", r, err)
				}
			})
		})
	}
}

func TestAnIndexItemThatComesAMomentLaterIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := localcloud.Open(localcloud.Options{Manual: true})
		if err != nil {
			t.Fatal(err)
		}
		x := stored(t, c.Blobs())
		put := time.AfterFunc(time.Second, func() {
			if err := (recording.Store{Table: c.Table()}).Put(context.Background(), x); err != nil {
				t.Error(err)
			}
		})
		defer put.Stop()
		if r, err := New(c.Table(), c.Blobs()).Handle(t.Context(), notification(t, x.Object)); err != nil || len(r.BatchItemFailures) != 0 {
			t.Errorf("Handle = %v, %v", r, err)
		}
	})
}

func TestMessagesThatAreNoNotification(t *testing.T) {
	h := New(nil, nil)
	for body, failed := range map[string]bool{
		`{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`:                               false,
		`{"Records":[{"eventName":"ObjectRemoved:Delete","s3":{"object":{"key":"recordings/x"}}}]}`: false,
		`{}`:       true,
		`not JSON`: true,
		`{"Records":[{"s3":{"object":{"key":1}}}]}`:                                     true,
		`{"Records":[{"eventName":"ObjectCreated:Put","s3":{"object":{"key":"%zz"}}}]}`: true,
	} {
		r, err := h.Handle(t.Context(), events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: body}}})
		if err != nil || (len(r.BatchItemFailures) == 1) != failed {
			t.Errorf("%s: %v, %v", body, r, err)
		}
	}
}
