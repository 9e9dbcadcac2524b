package localcloud_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/fault"
)

func TestANewBlobIsToldToTheQueuesThatWantIt(t *testing.T) {
	clock := localcloud.NewClock(start)
	c := openCloud(t, localcloud.Options{Manual: true, Now: clock.Now,
		Queues:  []localcloud.QueueOptions{{Name: "recording"}, {Name: "wav"}},
		Created: []localcloud.BlobNotice{{Prefix: "recordings/", Queue: "recording"}, {Suffix: ".wav", Queue: "wav"}}})
	w := &world{t, c, clock, 0}
	put := func(key string) {
		w.ok(w.Blobs().Put(w.Context(), key, strings.NewReader("12345"), cloud.PutOptions{}))
	}
	put("recordings/a b+名.bin")
	put("prompts/x.wav")
	put("other")
	w.ok(w.Blobs().Delete(w.Context(), "prompts/x.wav"))
	got := w.received("recording")
	if len(got) != 1 || len(w.received("wav")) != 1 {
		t.Fatalf("told %v", got)
	}
	var e events.S3Event
	w.ok(json.Unmarshal([]byte(got[0]), &e))
	r := e.Records[0]
	if r.EventName != "ObjectCreated:Put" || r.S3.Object.URLDecodedKey != "recordings/a b+名.bin" || r.S3.Object.Size != 5 || r.S3.Bucket.Name != localcloud.Bucket || !r.EventTime.Equal(clock.Now()) {
		t.Errorf("event %s", got[0])
	}
	golden(t, "blob.json", []byte(got[0]+"\n"))
}

func TestARefusedPutTellsNobody(t *testing.T) {
	clock := localcloud.NewClock(start)
	c := openCloud(t, localcloud.Options{Manual: true, Now: clock.Now, Queues: []localcloud.QueueOptions{{Name: "q"}}, Created: []localcloud.BlobNotice{{Queue: "q"}}})
	w := &world{t, c, clock, 0}
	for _, want := range []fault.Kind{"", fault.Conflict} {
		err := w.Blobs().Put(w.Context(), "k", strings.NewReader("x"), cloud.PutOptions{IfAbsent: true})
		if fault.KindOf(err) != want {
			t.Errorf("put: %v, want kind %q", err, want)
		}
	}
	if got := w.received("q"); len(got) != 1 {
		t.Errorf("told %d times", len(got))
	}
}

// files lists all files below dir that hold bodies.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join(dir, "blobs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestNoBodyIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	c := openCloud(t, localcloud.Options{Dir: dir})
	put := func(key, body string, o cloud.PutOptions) error {
		return c.Blobs().Put(t.Context(), key, strings.NewReader(body), o)
	}
	err := errors.Join(put("a", "first", cloud.PutOptions{}), put("a", "second", cloud.PutOptions{}), put("b", "x", cloud.PutOptions{}), c.Blobs().Delete(t.Context(), "b"))
	if err != nil {
		t.Fatal(err)
	}
	if put("a", "third", cloud.PutOptions{IfAbsent: true}) == nil || put("c", "short", cloud.PutOptions{Size: 100}) == nil {
		t.Error("a wrong put was taken")
	}
	if left := files(t, dir); len(left) != 1 {
		t.Errorf("files %v, want the one of a", left)
	}
}

// What a crash leaves is put right by the next open: a body whose object was not
// committed goes, one whose move was not done is found, one that was deleted is
// deleted.
func TestOpenPutsBodiesRight(t *testing.T) {
	dir := t.TempDir()
	open := func() *localcloud.Cloud {
		c, err := localcloud.Open(localcloud.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := open()
	if err := c.Blobs().Put(t.Context(), "kept", strings.NewReader("body"), cloud.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(dir, "blobs", "new")
	moved := files(t, dir)[0]
	if err := os.Rename(moved, filepath.Join(fresh, filepath.Base(moved))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(fresh, "0123456789abcdef"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	c = open()
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	body, _, err := c.Blobs().Get(t.Context(), "kept", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil || string(b) != "body" {
		t.Errorf("body %q, %v", b, err)
	}
	if left := files(t, dir); len(left) != 1 || left[0] != moved {
		t.Errorf("files %v, want %v", left, moved)
	}
}

func TestAMissingBodyIsAnError(t *testing.T) {
	dir := t.TempDir()
	c := openCloud(t, localcloud.Options{Dir: dir})
	if err := c.Blobs().Put(t.Context(), "k", strings.NewReader("x"), cloud.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(files(t, dir)[0]); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Blobs().Get(t.Context(), "k", 0, -1); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("error %v", err)
	}
}

func TestBlobsOutliveAReopenOfMemory(t *testing.T) {
	w := newWorld(t)
	w.ok(w.Blobs().Put(w.Context(), "k", strings.NewReader("x"), cloud.PutOptions{}))
	again, err := w.Reopen(localcloud.Options{Manual: true, Now: w.clock.Now})
	w.ok(err)
	if _, info, err := again.Blobs().Get(w.Context(), "k", 0, -1); err != nil || info.Size != 1 {
		t.Errorf("after the restart %+v, %v", info, err)
	}
}
