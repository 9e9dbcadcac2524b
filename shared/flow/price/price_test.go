package price

import (
	"os"
	"testing"

	"huawu/shared/flow"
	"huawu/shared/flow/interp"
)

func program(t testing.TB) *interp.Program {
	t.Helper()
	data, err := os.ReadFile("../lint/testdata/hotline.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := flow.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	p, err := interp.Compile("hotline", f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMoneyIsExact(t *testing.T) {
	for amount, want := range map[Money]string{0: "$0.00", 625_000: "$0.000000625", dollar: "$1.00", dollar * 5 / 2: "$2.50", -dollar / 100: "-$0.01", ListPrices().ReadUnit: "$0.000000125"} {
		if have := amount.String(); have != want {
			t.Errorf("%d is %s, want %s", amount, have, want)
		}
	}
}

func TestAWayThroughTheHotline(t *testing.T) {
	r := Flow(program(t), 5000, Usual(), ListPrices())
	if r.Ways == 0 || r.Untaken > 0 {
		t.Fatalf("%d ways, %d not taken: %v", r.Ways, r.Untaken, r.Missed)
	}
	if !r.Dearest.Queued || r.Dearest.Own != 1 || r.Cheapest.Queued {
		t.Errorf("dearest %+v, cheapest %+v", r.Dearest, r.Cheapest)
	}
	for _, c := range r.Costs {
		sum := Money(c.Calls)*210_000 + Money(c.Own)*call(ListPrices(), 50, 128) + Money(c.Writes)*625_000 + Money(c.Reads)*125_000
		if c.Queued {
			sum += 2*400_000 + 5_000_000
		}
		if c.Total/1000 != sum/1000 && c.Total-sum > 1000 {
			t.Errorf("%s: %s, its parts are %s", c.Way, c.Total, sum)
		}
	}
	if r.MedianCalls < 1 || r.P90Calls < r.MedianCalls {
		t.Errorf("median %d, p90 %d", r.MedianCalls, r.P90Calls)
	}
}

func TestMoreTimeCostsMore(t *testing.T) {
	slow := Usual()
	slow.OwnMillis = 8000
	a, b := Flow(program(t), 5000, Usual(), ListPrices()), Flow(program(t), 5000, slow, ListPrices())
	if b.Dearest.Total <= a.Dearest.Total || b.Cheapest.Total != a.Cheapest.Total {
		t.Errorf("%s, then %s", a.Dearest.Total, b.Dearest.Total)
	}
}
