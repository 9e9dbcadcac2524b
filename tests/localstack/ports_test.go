package localstack

import (
	"bytes"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud/blobs"
	"huawu/shared/cloud/awscloud/keys"
	"huawu/shared/cloud/awscloud/table"
	"huawu/shared/fault"
)

// onlyReader hides that a body could be read again.
type onlyReader struct{ io.Reader }

func TestBodiesGoUpInOneRequestOrInParts(t *testing.T) {
	b := newBed(t)
	b.bucket()
	store, err := blobs.New(b.cfg)
	b.must(err)
	large := make([]byte, 17<<20) // three parts, the last one short
	_, _ = rand.Read(large)
	file := filepath.Join(t.TempDir(), "file")
	b.must(os.WriteFile(file, large, 0o600))
	f, err := os.Open(file)
	b.must(err)
	defer f.Close()
	for _, tt := range []struct {
		name string
		body io.Reader
		size int64
		want []byte
	}{
		{"empty", strings.NewReader(""), 0, nil},
		{"small, size not known", onlyReader{strings.NewReader("abc")}, -1, []byte("abc")},
		{"file in one request", f, int64(len(large)), large},
		{"stream in parts", onlyReader{bytes.NewReader(large)}, -1, large},
		{"stream in parts, size known", onlyReader{bytes.NewReader(large)}, int64(len(large)), large},
		{"exactly two parts", onlyReader{bytes.NewReader(large[:16<<20])}, -1, large[:16<<20]},
	} {
		o := cloud.PutOptions{IfAbsent: true, ContentType: "application/octet-stream", Size: tt.size}
		if err := store.Put(t.Context(), tt.name, tt.body, o); err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got, info, err := store.Get(t.Context(), tt.name, 0, -1)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		body, err := io.ReadAll(got)
		got.Close()
		if err != nil || !bytes.Equal(body, tt.want) || info.Size != int64(len(tt.want)) {
			t.Errorf("%s: %d bytes of %d, %v", tt.name, len(body), info.Size, err)
		}
		again := onlyReader{bytes.NewReader(large)}
		if err := store.Put(t.Context(), tt.name, again, o); fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: put again gives %v, want conflict", tt.name, err)
		}
	}
	uploads, err := b.s3.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.cfg.Bucket})
	b.must(err)
	if len(uploads.Uploads) != 0 {
		t.Errorf("%d refused uploads were left", len(uploads.Uploads))
	}
}

func TestASignatureIsCheckedWithoutAskingAgain(t *testing.T) {
	b := newBed(t)
	b.keys()
	k, err := keys.New(b.cfg)
	b.must(err)
	sig, err := k.Sign(t.Context(), []byte("token"))
	b.must(err)
	if err := k.Verify(t.Context(), []byte("token"), sig); err != nil {
		t.Error(err)
	}
	sig[5] ^= 1
	if err := k.Verify(t.Context(), []byte("token"), sig); fault.KindOf(err) != fault.Forbidden {
		t.Errorf("changed signature gives %v", err)
	}
	b.cfg.SignKey = b.cfg.DataKey
	wrong, err := keys.New(b.cfg)
	b.must(err)
	if _, err := wrong.Sign(t.Context(), []byte("x")); fault.KindOf(err) != fault.Invalid && fault.KindOf(err) != fault.Unavailable {
		t.Errorf("signing with a symmetric key gives %v", err)
	}
}

func TestATableThatIsNotThereIsFoundAtStart(t *testing.T) {
	b := newBed(t)
	if _, err := table.Open(t.Context(), b.cfg); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v", err)
	}
}

// A prefix of 1,024 bytes has no room for what makes it an upper bound.
func TestTheLongestPrefixStillFindsItsKeys(t *testing.T) {
	b := newBed(t)
	b.table()
	tb := table.New(b.cfg)
	for _, tail := range []string{"", "x", "xy"} {
		prefix := strings.Repeat("话", 341) // 1,023 bytes
		prefix = prefix[:1024-1-len(tail)-(1024-1-len(tail))%3]
		k := cloud.Key{Part: "t|long" + tail, Sort: prefix + tail}
		_, err := tb.Write(t.Context(), cloud.Write{Key: k, Put: cloud.Item{"n": 1}})
		b.must(err)
		page, _, err := tb.Query(t.Context(), cloud.Query{Part: k.Part, From: prefix, To: prefix + "\uffff"})
		if err != nil || len(page) != 1 {
			t.Errorf("prefix of %d bytes: %d items, %v", len(prefix), len(page), err)
		}
	}
}
