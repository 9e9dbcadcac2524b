package cloudtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing/iotest"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// blob returns a key of this case.
func (r *run) blob(name string) string { return r.tenant + "/" + name }

func (r *run) putBlob(name, body string) {
	r.ok(r.Blobs.Put(r.ctx, r.blob(name), strings.NewReader(body), cloud.PutOptions{Size: int64(len(body))}))
}

// readBlob reads a range to its end.
func (r *run) readBlob(name string, from, to int64) (string, cloud.BlobInfo) {
	body, info, err := r.Blobs.Get(r.ctx, r.blob(name), from, to)
	r.ok(err)
	b, err := io.ReadAll(body)
	r.ok(err)
	r.ok(body.Close())
	return string(b), info
}

func (r *run) wholeBlob(name string) string {
	s, _ := r.readBlob(name, 0, -1)
	return s
}

// getError wants a get to fail with a kind.
func (r *run) getError(name string, from, to int64, want fault.Kind) {
	body, _, err := r.Blobs.Get(r.ctx, r.blob(name), from, to)
	if err == nil {
		_ = body.Close()
	}
	r.kind(err, want)
}

func (r *run) names(prefix, after string, limit int) []string {
	infos, err := r.Blobs.List(r.ctx, r.blob(prefix), after, limit)
	r.ok(err)
	names := []string{}
	for _, i := range infos {
		names = append(names, strings.TrimPrefix(i.Key, r.tenant+"/"))
	}
	return names
}

func blobCases() []Case {
	return slices.Concat(blobKeyCases(), blobRangeCases(), blobPutCases(), blobListCases())
}

func blobKeyCases() []Case {
	var cases []Case
	for _, name := range []string{"a b", "a+b", "a%20b", "话务.wav", "a&b=c?d#e", "quote\"s'", "deep/er/and/deeper", "trailing/", "UPPER", "dots/../not/a/path", "~tilde", "a//b", "[1]{2}"} {
		cases = append(cases, Case{"blob: a key may be " + name, hasBlobs, func(r *run) {
			r.putBlob(name, "body of "+name)
			r.equal(r.wholeBlob(name), "body of "+name)
			r.equal(r.names("", "", 10), []string{name})
			r.ok(r.Blobs.Delete(r.ctx, r.blob(name)))
			r.equal(r.names("", "", 10), []string{})
		}})
	}
	for name, key := range map[string]string{"an empty key": "", "a key beyond 1024 bytes": strings.Repeat("k", 1025)} {
		cases = append(cases, Case{"blob: " + name + " is invalid", hasBlobs, func(r *run) {
			r.kind(r.Blobs.Put(r.ctx, key, strings.NewReader("x"), cloud.PutOptions{Size: 1}), fault.Invalid)
			_, _, err := r.Blobs.Get(r.ctx, key, 0, -1)
			r.kind(err, fault.Invalid)
			r.kind(r.Blobs.Delete(r.ctx, key), fault.Invalid)
		}})
	}
	return cases
}

func blobRangeCases() []Case {
	tests := []struct {
		name     string
		from, to int64
		want     string
		kind     fault.Kind
	}{
		{"the whole", 0, -1, "0123456789", ""},
		{"the first three bytes", 0, 3, "012", ""},
		{"some in the middle", 3, 6, "345", ""},
		{"one byte", 9, 10, "9", ""},
		{"the rest", 7, -1, "789", ""},
		{"to beyond its end, which is its end", 8, 1000, "89", ""},
		{"from its end, which is invalid", 10, -1, "", fault.Invalid},
		{"from beyond its end, which is invalid", 11, 20, "", fault.Invalid},
		{"from below zero, which is invalid", -1, 5, "", fault.Invalid},
		{"an empty range, which is invalid", 4, 4, "", fault.Invalid},
		{"a backward range, which is invalid", 5, 4, "", fault.Invalid},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"blob: a get of " + tt.name, hasBlobs, func(r *run) {
			r.putBlob("b", "0123456789")
			if tt.kind != "" {
				r.getError("b", tt.from, tt.to, tt.kind)
				return
			}
			got, info := r.readBlob("b", tt.from, tt.to)
			r.equal(got, tt.want)
			r.equal(info.Size, int64(10))
		}})
	}
	return cases
}

// filler is n bytes that differ from place to place.
func filler(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8 + i>>16)
	}
	return b
}

func blobPutCases() []Case {
	return slices.Concat(blobStoreCases(), blobIfAbsentCases(), blobBodyCases(), blobDeleteCases())
}

func blobStoreCases() []Case {
	return []Case{
		{"blob: an absent one is not found", hasBlobs, func(r *run) { r.getError("none", 0, -1, fault.NotFound) }},
		{"blob: a range of an absent one is not found", hasBlobs, func(r *run) { r.getError("none", 5, 7, fault.NotFound) }},
		{"blob: an empty one is there", hasBlobs, func(r *run) {
			r.ok(r.Blobs.Put(r.ctx, r.blob("e"), strings.NewReader(""), cloud.PutOptions{}))
			got, info := r.readBlob("e", 0, -1)
			r.equal(got, "")
			r.equal(info.Size, int64(0))
		}},
		{"blob: its key, size and time are known", hasBlobs, func(r *run) {
			r.putBlob("b", "12345")
			_, info := r.readBlob("b", 0, 1)
			r.equal(info.Key, r.blob("b"))
			r.equal(info.Size, int64(5))
			if age := time.Since(info.Modified); age < -time.Minute || age > 10*time.Minute {
				r.errorf("modified %v", info.Modified)
			}
		}},
		{"blob: a second put replaces it", hasBlobs, func(r *run) {
			r.putBlob("b", "first and long")
			r.putBlob("b", "second")
			r.equal(r.wholeBlob("b"), "second")
		}},
	}
}

func blobIfAbsentCases() []Case {
	return []Case{
		{"blob: a put if absent stores it", hasBlobs, func(r *run) {
			r.ok(r.Blobs.Put(r.ctx, r.blob("b"), strings.NewReader("x"), cloud.PutOptions{IfAbsent: true, Size: 1}))
			r.equal(r.wholeBlob("b"), "x")
		}},
		{"blob: a put if absent leaves what is there", hasBlobs, func(r *run) {
			r.putBlob("b", "first")
			r.kind(r.Blobs.Put(r.ctx, r.blob("b"), strings.NewReader("second"), cloud.PutOptions{IfAbsent: true, Size: 6}), fault.Conflict)
			r.equal(r.wholeBlob("b"), "first")
		}},
		{"blob: a put if absent stores what was deleted", hasBlobs, func(r *run) {
			r.putBlob("b", "first")
			r.ok(r.Blobs.Delete(r.ctx, r.blob("b")))
			r.ok(r.Blobs.Put(r.ctx, r.blob("b"), strings.NewReader("second"), cloud.PutOptions{IfAbsent: true, Size: 6}))
		}},
		{"blob: of 5 puts if absent at one time at most one wins", hasBlobs, func(r *run) {
			won := r.race(5, func(i int) error {
				return r.Blobs.Put(r.ctx, r.blob("b"), strings.NewReader(fmt.Sprint(i)), cloud.PutOptions{IfAbsent: true, Size: 1})
			})
			r.equal(won, 1)
		}},
		{"blob: its type may be told", hasBlobs, func(r *run) {
			r.ok(r.Blobs.Put(r.ctx, r.blob("b"), strings.NewReader("x"), cloud.PutOptions{ContentType: "audio/wav", Size: 1}))
			r.equal(r.wholeBlob("b"), "x")
		}},
	}
}

func blobBodyCases() []Case {
	return []Case{
		{"blob: 7 MB of unknown size are streamed", hasBlobs, func(r *run) {
			want := filler(7 << 20)
			r.ok(r.Blobs.Put(r.ctx, r.blob("big"), iotest.OneByteReader(io.MultiReader(bytes.NewReader(want[:10]))), cloud.PutOptions{Size: 10}))
			r.ok(r.Blobs.Put(r.ctx, r.blob("big"), io.MultiReader(bytes.NewReader(want)), cloud.PutOptions{Size: -1}))
			if r.wholeBlob("big") != string(want) {
				r.errorf("the body differs")
			}
			part, _ := r.readBlob("big", 5<<20-2, 5<<20+2)
			r.equal([]byte(part), want[5<<20-2:5<<20+2])
		}},
		{"blob: 3 MB of known size are stored", hasBlobs, func(r *run) {
			want := filler(3 << 20)
			r.ok(r.Blobs.Put(r.ctx, r.blob("big"), io.MultiReader(bytes.NewReader(want)), cloud.PutOptions{Size: 3 << 20}))
			if r.wholeBlob("big") != string(want) {
				r.errorf("the body differs")
			}
		}},
		{"blob: a body shorter than announced is invalid and not stored", hasBlobs, func(r *run) {
			r.kind(r.Blobs.Put(r.ctx, r.blob("b"), io.MultiReader(strings.NewReader("123")), cloud.PutOptions{Size: 5}), fault.Invalid)
			r.getError("b", 0, -1, fault.NotFound)
		}},
		{"blob: a body longer than announced is invalid and not stored", hasBlobs, func(r *run) {
			r.kind(r.Blobs.Put(r.ctx, r.blob("b"), io.MultiReader(strings.NewReader("12345")), cloud.PutOptions{Size: 3}), fault.Invalid)
			r.getError("b", 0, -1, fault.NotFound)
		}},
		{"blob: a body that breaks off is not stored", hasBlobs, func(r *run) {
			broken := io.MultiReader(bytes.NewReader(filler(100_000)), iotest.ErrReader(errors.New("broke off")))
			if r.Blobs.Put(r.ctx, r.blob("b"), broken, cloud.PutOptions{Size: -1}) == nil {
				r.errorf("no error")
			}
			r.getError("b", 0, -1, fault.NotFound)
		}},
		{"blob: a put that breaks off leaves what was there", hasBlobs, func(r *run) {
			r.putBlob("b", "first")
			if r.Blobs.Put(r.ctx, r.blob("b"), iotest.ErrReader(errors.New("broke off")), cloud.PutOptions{Size: -1}) == nil {
				r.errorf("no error")
			}
			r.equal(r.wholeBlob("b"), "first")
		}},
		{"blob: a body under way is not changed by a second put", hasBlobs, func(r *run) {
			r.putBlob("b", "first")
			body, _, err := r.Blobs.Get(r.ctx, r.blob("b"), 0, -1)
			r.ok(err)
			r.putBlob("b", "other")
			b, err := io.ReadAll(body)
			r.ok(errors.Join(err, body.Close()))
			r.equal(string(b), "first")
		}},
	}
}

func blobDeleteCases() []Case {
	return []Case{
		{"blob: a deleted one is not found", hasBlobs, func(r *run) {
			r.putBlob("b", "x")
			r.ok(r.Blobs.Delete(r.ctx, r.blob("b")))
			r.getError("b", 0, -1, fault.NotFound)
		}},
		{"blob: a delete of an absent one is no error", hasBlobs, func(r *run) {
			r.ok(r.Blobs.Delete(r.ctx, r.blob("none")))
		}},
	}
}

func blobListCases() []Case {
	tests := []struct {
		name          string
		prefix, after string
		limit         int
		want          string
	}{
		{"all in order", "", "", 1000, "a/1 a/2 a/3 a1 b/1 中"},
		{"those with a prefix", "a/", "", 1000, "a/1 a/2 a/3"},
		{"a prefix that is no folder", "a", "", 1000, "a/1 a/2 a/3 a1"},
		{"a prefix that is a whole key", "b/1", "", 1000, "b/1"},
		{"none of an unknown prefix", "zz", "", 1000, ""},
		{"at most the limit", "", "", 2, "a/1 a/2"},
		{"those after a key", "", "a/2", 1000, "a/3 a1 b/1 中"},
		{"those after a key that is not there", "", "a/22", 1000, "a/3 a1 b/1 中"},
		{"those after a key, with a prefix and a limit", "a/", "a/1", 1, "a/2"},
		{"none after the last", "", "中", 1000, ""},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"blob: a list gives " + tt.name, hasBlobs, func(r *run) {
			for _, name := range []string{"b/1", "a/2", "中", "a/1", "a1", "a/3"} {
				r.putBlob(name, name)
			}
			after := ""
			if tt.after != "" {
				after = r.blob(tt.after)
			}
			r.equal(strings.Join(r.names(tt.prefix, after, tt.limit), " "), tt.want)
		}})
	}
	for _, limit := range []int{0, -1, 1001} {
		cases = append(cases, Case{fmt.Sprintf("blob: a list of %d is invalid", limit), hasBlobs, func(r *run) {
			_, err := r.Blobs.List(r.ctx, r.tenant, "", limit)
			r.kind(err, fault.Invalid)
		}})
	}
	return append(cases, Case{"blob: a list tells sizes and times", hasBlobs, func(r *run) {
		r.putBlob("b", "12345")
		infos, err := r.Blobs.List(r.ctx, r.tenant+"/", "", 10)
		r.ok(err)
		if len(infos) != 1 || infos[0].Size != 5 || infos[0].Modified.IsZero() {
			r.errorf("list %+v", infos)
		}
	}})
}
