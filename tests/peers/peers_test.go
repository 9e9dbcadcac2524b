package peers

import (
	"fmt"
	"testing"
)

// Two baresips call each other without us: whatever fails in a story later is
// then ours, not theirs.
func TestBaresipHearsBaresip(t *testing.T) {
	bob := StartBaresip(t, Phone{User: "bob", Auto: true, Tone: 1000})
	ann := StartBaresip(t, Phone{User: "ann", Tone: 440})
	ann.Do("dial", "sip:bob@"+bob.Address)
	ann.Await("CALL_ESTABLISHED", 1)
	Eventually(t, "each hears the other", func() error {
		if a, b := ann.Heard(), bob.Heard(); !a.HasTone(1000, 0.5) || !b.HasTone(440, 0.5) {
			return fmt.Errorf("ann heard %d samples, bob %d", len(a), len(b))
		}
		return nil
	})
	ann.Do("hangup", "")
	bob.Await("CALL_CLOSED", 1)
}

func TestFindFindsAClipInNoise(t *testing.T) {
	clip := append(append(Audio{}, Tone(500, 0.2)...), Tone(700, 0.5)...)
	heard := append(append(append(Audio{}, Tone(0, 1.5)...), clip...), Tone(300, 1)...)
	for i := range heard {
		heard[i] = heard[i]/2 + int16(i*7919%401) - 200
	}
	at, ok := heard.Find(clip)
	if !ok || at < 1.4 || at > 2.3 {
		t.Errorf("Find = %.2f s, %v; want about 1.5", at, ok)
	}
	if _, ok := heard.Find(Tone(1234, 1)); ok {
		t.Error("Find saw a clip that was never played")
	}
}
