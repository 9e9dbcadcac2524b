package main

import "testing"

// FuzzPortRange reads --rtp: what is taken is a range with room for a call.
func FuzzPortRange(f *testing.F) {
	for _, s := range []string{"20000-29999", "9-8", "-", "1-65536", "65534-65535", "65533-65535", "1-2-3", "٣-٤"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := portRange(s); err == nil && int(r[1]) < int(r[0])+3 {
			t.Errorf("%q is taken as %v", s, r)
		}
	})
}
