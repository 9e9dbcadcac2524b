package cloudtest

import (
	"bytes"
	"slices"
	"strings"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

func keyCases() []Case {
	return slices.Concat(contextCases(), damagedCases(), dataKeyCases(), signCases())
}

// contextCases wrap under one context and unwrap under another.
func contextCases() []Case {
	c := recordingContext()
	contexts := []struct {
		name       string
		with, open cloud.Context
		fits       bool
	}{
		{"the same context", c, cloud.Context{"recording": "r1", "tenant": "t1"}, true},
		{"no context, nil or empty", nil, cloud.Context{}, true},
		{"a context in Chinese", cloud.Context{"租户": "话务"}, cloud.Context{"租户": "话务"}, true},
		{"another value", c, cloud.Context{"tenant": "t2", "recording": "r1"}, false},
		{"another name", c, cloud.Context{"tenants": "t1", "recording": "r1"}, false},
		{"a value in other case", c, cloud.Context{"tenant": "T1", "recording": "r1"}, false},
		{"one pair less", c, cloud.Context{"tenant": "t1"}, false},
		{"one pair more", c, cloud.Context{"tenant": "t1", "recording": "r1", "x": "y"}, false},
		{"no context where there was one", c, nil, false},
		{"a context where there was none", nil, c, false},
		{"name and value swapped", cloud.Context{"a": "b"}, cloud.Context{"b": "a"}, false},
		{"name and value cut elsewhere", cloud.Context{"ab": "c"}, cloud.Context{"a": "bc"}, false},
	}
	var cases []Case
	for _, tt := range contexts {
		does := map[bool]string{true: "opens", false: "does not open"}[tt.fits]
		cases = append(cases, Case{"keys: " + tt.name + " " + does + " a data key", hasKeys, func(r *run) {
			plain, wrapped, err := r.Keys.DataKey(r.ctx, tt.with)
			r.ok(err)
			got, err := r.Keys.Unwrap(r.ctx, wrapped, tt.open)
			if !tt.fits {
				r.kind(err, fault.Invalid)
				return
			}
			r.ok(err)
			r.equal(got, plain)
		}})
	}
	return cases
}

func recordingContext() cloud.Context { return cloud.Context{"tenant": "t1", "recording": "r1"} }

// damagedCases unwrap what is not quite what was wrapped.
func damagedCases() []Case {
	c := recordingContext()
	changed := func(b []byte, i int) []byte {
		b = bytes.Clone(b)
		b[i] ^= 1
		return b
	}
	wrong := []struct {
		name   string
		change func([]byte) []byte
	}{
		{"its first byte changed", func(b []byte) []byte { return changed(b, 0) }},
		{"its last byte changed", func(b []byte) []byte { return changed(b, len(b)-1) }},
		{"a byte in the middle changed", func(b []byte) []byte { return changed(b, len(b)/2) }},
		{"its end cut off", func(b []byte) []byte { return b[:len(b)-1] }},
		{"a byte more", func(b []byte) []byte { return append(bytes.Clone(b), 0) }},
		{"nothing of it", func([]byte) []byte { return nil }},
		{"one byte of it", func(b []byte) []byte { return b[:1] }},
		{"random bytes instead", func([]byte) []byte { return bytes.Repeat([]byte("garbage!"), 20) }},
	}
	var cases []Case
	for _, tt := range wrong {
		cases = append(cases, Case{"keys: a wrapped key with " + tt.name + " is invalid", hasKeys, func(r *run) {
			_, wrapped, err := r.Keys.DataKey(r.ctx, c)
			r.ok(err)
			_, err = r.Keys.Unwrap(r.ctx, tt.change(wrapped), c)
			r.kind(err, fault.Invalid)
		}})
	}
	return cases
}

func dataKeyCases() []Case {
	return []Case{
		{"keys: a data key has 32 bytes and is never the same", hasKeys, func(r *run) {
			seen := map[string]bool{}
			for range 5 {
				plain, wrapped, err := r.Keys.DataKey(r.ctx, nil)
				r.ok(err)
				r.equal(len(plain), 32)
				if seen[string(plain)] || seen[string(wrapped)] {
					r.errorf("a key came twice")
				}
				seen[string(plain)], seen[string(wrapped)] = true, true
			}
		}},
		{"keys: a wrapped key does not show the key", hasKeys, func(r *run) {
			plain, wrapped, err := r.Keys.DataKey(r.ctx, nil)
			r.ok(err)
			if bytes.Contains(wrapped, plain) || bytes.Contains(wrapped, plain[:16]) {
				r.errorf("the key is in the wrapped key")
			}
		}},
		{"keys: a wrapped key opens as often as one likes", hasKeys, func(r *run) {
			plain, wrapped, err := r.Keys.DataKey(r.ctx, cloud.Context{"a": "b"})
			r.ok(err)
			for range 3 {
				got, err := r.Keys.Unwrap(r.ctx, wrapped, cloud.Context{"a": "b"})
				r.ok(err)
				r.equal(got, plain)
			}
		}},
		{"keys: a wrapped key fits into an item", hasKeys, func(r *run) {
			_, wrapped, err := r.Keys.DataKey(r.ctx, cloud.Context{"tenant": "t"})
			r.ok(err)
			if len(wrapped) > 1024 {
				r.errorf("%d bytes", len(wrapped))
			}
		}},
	}
}

func signCases() []Case {
	messages := map[string]string{"a short message": "hi", "a message in Chinese": "话务中心", "a message of 100 KB": strings.Repeat("x", 100<<10), "an empty message": ""}
	var cases []Case
	for name, m := range messages {
		cases = append(cases, Case{"keys: the signature of " + name + " has 64 bytes and is verified", hasKeys, func(r *run) {
			sig, err := r.Keys.Sign(r.ctx, []byte(m))
			r.ok(err)
			r.equal(len(sig), 64)
			r.ok(r.Keys.Verify(r.ctx, []byte(m), sig))
		}})
	}
	wrong := []struct {
		name   string
		change func(message, sig []byte) ([]byte, []byte)
	}{
		{"of another message", func(m, s []byte) ([]byte, []byte) { return append(m, '!'), s }},
		{"with its first byte changed", func(m, s []byte) ([]byte, []byte) { s[0] ^= 1; return m, s }},
		{"with its last byte changed", func(m, s []byte) ([]byte, []byte) { s[63] ^= 1; return m, s }},
		{"cut short", func(m, s []byte) ([]byte, []byte) { return m, s[:63] }},
		{"with a byte more", func(m, s []byte) ([]byte, []byte) { return m, append(s, 0) }},
		{"of no bytes", func(m, _ []byte) ([]byte, []byte) { return m, nil }},
		{"of zeros", func(m, _ []byte) ([]byte, []byte) { return m, make([]byte, 64) }},
		{"of ones", func(m, _ []byte) ([]byte, []byte) { return m, bytes.Repeat([]byte{0xff}, 64) }},
	}
	for _, tt := range wrong {
		cases = append(cases, Case{"keys: a signature " + tt.name + " is forbidden", hasKeys, func(r *run) {
			sig, err := r.Keys.Sign(r.ctx, []byte("message"))
			r.ok(err)
			m, s := tt.change([]byte("message"), sig)
			r.kind(r.Keys.Verify(r.ctx, m, s), fault.Forbidden)
		}})
	}
	return cases
}
