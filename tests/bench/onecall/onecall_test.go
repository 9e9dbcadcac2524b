package onecall_test

import (
	"context"
	"testing"
	"time"

	"huawu/tests/bench/onecall"
)

// TestAQueuedCallCostsNoMoreThanDesigned counts one real call through the whole
// centre. These are counts, not times: they are the same on every machine.
func TestAQueuedCallCostsNoMoreThanDesigned(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	bill, err := onecall.Place(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	kinds, sum := bill.Writes()
	t.Logf("questions to the queue %d, write units %g: %v", bill.Questions(), sum, kinds)
	if n := bill.Questions(); n < 1 || n > onecall.MaxQuestions {
		t.Errorf("%d invocations on the way to the queue, want 1 to %d", n, onecall.MaxQuestions)
	}
	if sum > onecall.MaxWriteUnits {
		t.Errorf("%g write units, at most %d: %v", sum, onecall.MaxWriteUnits, kinds)
	}
	reads, sumReads := bill.Reads()
	t.Logf("read units %g: %v; to route and control the call %g", sumReads, reads, bill.ControlReads())
	if sumReads > onecall.MaxReadUnits || bill.ControlReads() > onecall.MaxControlReads {
		t.Errorf("%g read units, at most %d; %g of call control, at most %d", sumReads, onecall.MaxReadUnits, bill.ControlReads(), onecall.MaxControlReads)
	}
	for _, kind := range []string{"C/META", "C/FLOW", "W", "A", "F", "REC", "RECORDING", "H"} {
		if kinds[kind] == 0 {
			t.Errorf("no write of kind %s was counted: the call is not whole, or its key has changed", kind)
		}
	}
}
