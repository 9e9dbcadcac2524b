package login

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"huawu/shared/fault"
)

func TestWhatAnybodyMayDoIsCounted(t *testing.T) {
	b := newBench(t)
	few := Allowance{PerAddress: 2, Total: 5}
	use := func(address string) error { return b.s.Allow(t.Context(), "call", address, few) }
	b.clock.Advance(20 * time.Second)
	for n := range 4 {
		err := use("192.0.2.1")
		var wait *Wait
		switch {
		case n < 2 && err != nil:
			t.Errorf("use %d: %v", n, err)
		case n >= 2 && (!errors.As(err, &wait) || wait.For != 40*time.Second || fault.KindOf(err) != fault.Throttled):
			t.Errorf("use %d: %v", n, err)
		}
	}
	for n := range 3 { // what one address was refused does not count
		if err := use(fmt.Sprintf("192.0.2.%d", 10+n)); err != nil {
			t.Errorf("address %d: %v", n, err)
		}
	}
	if err := use("2001:db8::1"); fault.KindOf(err) != fault.Throttled {
		t.Errorf("more than all together may: %v", err)
	}
	if err := b.s.Allow(t.Context(), "other", "192.0.2.1", few); err != nil {
		t.Errorf("another thing: %v", err)
	}
	if err := b.s.Allow(t.Context(), "never", "192.0.2.1", Allowance{}); fault.KindOf(err) != fault.Throttled {
		t.Errorf("never: %v", err)
	}
	b.clock.Advance(40 * time.Second)
	if err := b.service().Allow(t.Context(), "call", "192.0.2.1", few); err != nil {
		t.Errorf("the next minute, in another process: %v", err)
	}
}

func TestAHostOfIPv6IsOneAddress(t *testing.T) {
	b := newBench(t)
	one := Allowance{PerAddress: 1, Total: 100}
	for n, want := range []fault.Kind{"", fault.Throttled} {
		if err := b.s.Allow(t.Context(), "call", fmt.Sprintf("2001:db8::%d", n+1), one); fault.KindOf(err) != want {
			t.Errorf("use %d: %v", n, err)
		}
	}
}
