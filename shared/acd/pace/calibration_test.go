package pace

import (
	"testing"
	"time"

	"huawu/shared/contact"
	"huawu/shared/event"
)

func TestHowFarEstimatesHeld(t *testing.T) {
	w := newWorld(t)
	told := contact.Told{At: nine, Soon: 10 * time.Second, Low: 30 * time.Second, Mean: 40 * time.Second, High: 90 * time.Second}
	w.told = told
	for _, waited := range []time.Duration{5, 10, 30, 60, 90, 91} {
		w.contacts(1, "loans", waited*time.Second, time.Minute)
	}
	w.contacts(1, "loans", 95*time.Second, 0)
	w.contacts(1, "loans", 20*time.Second, 0)
	w.told = contact.Told{}
	w.contacts(3, "cards", 20*time.Second, time.Minute) // nobody was told anything
	lists := event.Lists{Table: w.cloud.Table()}
	got, err := Calibrate(t.Context(), lists, "demo", nine)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	h := got["loans"]
	inner, _ := h.Inner()
	if h.Estimates != 6 || h.WithinSoon != 2 || h.WithinLow != 3 || h.WithinHigh != 5 || h.LeftLate != 1 || inner != 0.5 || h.Error.Round(100*time.Millisecond) != 32700*time.Millisecond {
		t.Errorf("%+v", h)
	}
	if other, err := Calibrate(t.Context(), lists, "demo", nine.AddDate(0, 0, 1)); err != nil || len(other) != 0 {
		t.Errorf("another day: %v, %v", other, err)
	}
}
