package relaytest

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"huawu/mediarelay/media/wav"
	"huawu/shared/fault"
)

// pair is two gateways that call each other.
func pair(t *testing.T, edit func(*Config)) (a, b *Carrier) {
	t.Helper()
	cfgB := Config{}
	edit(&cfgB)
	b, err := NewCarrier(cfgB)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	cfgA := Config{Relay: b.Addr(), CallerID: "+8613800135678"}
	edit(&cfgA)
	cfgA.AutoAnswer = false
	if a, err = NewCarrier(cfgA); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a, b
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoEndpointsTalk(t *testing.T) {
	for name, edit := range map[string]func(*Config){"UDP": func(*Config) {}, "TCP": func(c *Config) { c.TCP = true }} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, edit)
			ctx := soon(t)
			out, err := a.Dial(ctx, "95000", WithHeader("X-Ref", "7"))
			must(t, err)
			in := <-b.Incoming()
			if in.From != "+8613800135678" || in.To != "95000" || in.Header("X-Ref") != "7" {
				t.Errorf("the call is from %q to %q, X-Ref %q", in.From, in.To, in.Header("X-Ref"))
			}
			must(t, out.Ringing(ctx))
			must(t, in.Answer())
			must(t, out.Answered(ctx))
			must(t, in.Answered(ctx))
			out.Speak(Tone(440, 30*time.Second))
			in.Speak(Tone(1000, 30*time.Second))
			must(t, in.HearTone(ctx, 440))
			must(t, out.HearTone(ctx, 1000))
			must(t, in.Hold(ctx, true))
			tick := time.NewTicker(5 * time.Millisecond) // the answer may be here before its sender has told
			defer tick.Stop()
			for !out.OnHold() && ctx.Err() == nil {
				<-tick.C
			}
			if !out.OnHold() || in.OnHold() {
				t.Error("holding is not seen, or by the wrong side")
			}
			must(t, in.Hold(ctx, false))
			file := filepath.Join(t.TempDir(), "heard.wav")
			must(t, in.Record(file))
			raw, err := os.ReadFile(file)
			must(t, err)
			sound, err := wav.Decode(raw)
			must(t, err)
			if len(sound.Channels) != 1 || len(sound.Channels[0]) < rate/5 {
				t.Errorf("recorded %d channels", len(sound.Channels))
			}
			must(t, out.Hangup())
			must(t, in.Ended(ctx))
			must(t, out.Ended(ctx))
			if s := in.Stats(); s.Streams != 1 || s.Received == 0 {
				t.Errorf("heard %+v", s)
			}
		})
	}
}

func TestKeysArriveOnce(t *testing.T) {
	a, b := pair(t, func(c *Config) { c.AutoAnswer = true; c.Codecs = []string{"PCMU"} })
	ctx := soon(t)
	out, err := a.Dial(ctx, "1")
	must(t, err)
	in := <-b.Incoming()
	must(t, out.Answered(ctx))
	must(t, out.SendDigits(ctx, "1190*#"))
	must(t, in.audio.until(ctx, "keys", func() bool { return len(in.audio.digits) >= 6 }))
	if got := in.Digits(); got != "1190*#" {
		t.Errorf("keys %q", got)
	}
	if err := out.SendDigits(ctx, "x"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a key that is none: %v", err)
	}
	in.Forget()
	must(t, in.HearSilence(ctx))
}

func TestACallThatIsDeclined(t *testing.T) {
	a, b := pair(t, func(*Config) {})
	ctx := soon(t)
	out, err := a.Dial(ctx, "1")
	must(t, err)
	must(t, (<-b.Incoming()).Decline(486))
	must(t, out.Ended(ctx))
	if out.Status() != 486 || !out.Over() {
		t.Errorf("status %d", out.Status())
	}
	if err := out.Answered(ctx); fault.KindOf(err) != fault.Gone {
		t.Errorf("Answered = %v", err)
	}
}

func TestToneAndFrequency(t *testing.T) {
	for _, hz := range []float64{440, 697, 1000, 1633} {
		pcm := Tone(hz, 200*time.Millisecond)
		got, share := Frequency(pcm)
		if math.Abs(got-hz) > 5 || share < 0.95 {
			t.Errorf("%g Hz is taken for %g Hz, share %.2f", hz, got, share)
		}
		if s := Share(pcm, hz+150); s > 0.1 {
			t.Errorf("%g Hz has a share of %.2f at %g Hz", hz, s, hz+150)
		}
	}
	if Loudness(nil) != 0 || Share(nil, 1) != 0 || Share(make([]int16, 10), 1) != 0 || Loudness(Tone(440, time.Second)) < 5000 {
		t.Error("silence is loud, or a tone is not")
	}
}
