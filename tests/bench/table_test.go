package main

import (
	"bytes"
	"maps"
	"strings"
	"testing"
)

func TestParseReadsValuesByTheirUnit(t *testing.T) {
	got := parse("goos: linux\nBenchmarkClaim/synced/64-2   100   12345 ns/op   81.5 claims/s   0 allocs/op\nPASS\n")
	if len(got) != 1 || got[0].name != "BenchmarkClaim/synced/64" || got[0].variant() != ", synced by 64" {
		t.Fatalf("parsed %+v", got)
	}
	if want := map[string]float64{"ns/op": 12345, "claims/s": 81.5, "allocs/op": 0}; !maps.Equal(got[0].of, want) {
		t.Errorf("values %v, want %v", got[0].of, want)
	}
}

func TestOnlyACountAboveItsLimitIsBad(t *testing.T) {
	var out bytes.Buffer
	tab := &table{out: &out}
	tab.row("slow", "9 s", "2 s")
	tab.limit("units", 22, 22)
	if tab.bad {
		t.Error("a time, or a count at its limit, is bad")
	}
	tab.limit("units", 23, 22)
	if !tab.bad || !strings.Contains(out.String(), "TOO MANY") {
		t.Errorf("a count above its limit is not told: %s", out.String())
	}
}
