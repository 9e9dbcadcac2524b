package onecall_test

import (
	"context"
	"testing"
	"time"

	"huawu/tests/bench/onecall"
)

// TestACallCostsNoMoreThanDesigned counts one real call through the whole centre, in
// each of its stories. These are counts, not times: they are the same on every
// machine.
func TestACallCostsNoMoreThanDesigned(t *testing.T) {
	for _, story := range []onecall.Story{onecall.Waits, onecall.AtOnce} {
		t.Run(string(story), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			bill, err := onecall.Place(ctx, t.TempDir(), story)
			if err != nil {
				t.Fatal(err)
			}
			check(t, bill, story)
		})
	}
}

func check(t *testing.T, bill onecall.Bill, story onecall.Story) {
	maxWrites, maxReads := story.Limits()
	kinds, sum := bill.Writes()
	t.Logf("questions to the queue %d, write units %g: %v", bill.Questions(), sum, kinds)
	if n := bill.Questions(); n < 1 || n > onecall.MaxQuestions {
		t.Errorf("%d invocations on the way to the queue, want 1 to %d", n, onecall.MaxQuestions)
	}
	if sum > maxWrites {
		t.Errorf("%g write units, at most %g: %v", sum, maxWrites, kinds)
	}
	reads, sumReads := bill.Reads()
	t.Logf("read units %g: %v; to route and control the call %g", sumReads, reads, bill.ControlReads())
	if sumReads > maxReads || bill.ControlReads() > onecall.MaxControlReads {
		t.Errorf("%g read units, at most %g; %g of call control, at most %d", sumReads, maxReads, bill.ControlReads(), onecall.MaxControlReads)
	}
	want := []string{"C/META", "C/FLOW", "A", "F", "REC", "RECORDING", "H"}
	if story == onecall.Waits {
		want = append(want, "W")
	} else if kinds["W"] > 0 {
		t.Errorf("%g units for rows of a contact that need not wait", kinds["W"])
	}
	for _, kind := range want {
		if kinds[kind] == 0 {
			t.Errorf("no write of kind %s was counted: the call is not whole, or its key has changed", kind)
		}
	}
	if bill.Frames < 1 {
		t.Error("the agent's page was told nothing")
	}
	t.Logf("requests %v, messages %v, invocations %v, frames %d", bill.Requests(), bill.Sent(), bill.Invokes(), bill.Frames)
	for _, batch := range []float64{1, 10} {
		for _, control := range []bool{true, false} {
			items, price := bill.Price(batch, control)
			t.Logf("1,000 calls, %g at a time, call control only %v: $%.4f %+.4v", batch, control, price, items)
			if batch == 10 && control && price > onecall.MaxPrice {
				t.Errorf("call control of 1,000 calls costs $%.4f, at most $%g", price, onecall.MaxPrice)
			}
		}
	}
}
