// Package onecall places one queued call through a whole centre and counts what
// AWS would bill for it. It decides when a call begins and ends for the bill; what
// a request costs localcloud decides, and what is too much the test beside it.
package onecall

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"huawu/flows"
	"huawu/localstack/onebox"
	"huawu/mediarelay/prompts"
	"huawu/mediarelay/relaytest"
	"huawu/shared/acd"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/crm"
	"huawu/shared/event"
)

// Limits of a call, of DESIGN decision 7.
const (
	MaxQuestions = 3 // of the relay to the ivr function until the contact waits
	// MaxControlReads are the read units that route and control the call: without
	// the webhook, the check of the recording and the agent's screen.
	MaxControlReads = 12
)

// Limits returns the most write and read units of a call, with every kind of item but
// those of NotTheCalls. The recording may be looked for twice.
func (s Story) Limits() (writes, reads float64) {
	if s == AtOnce {
		return 18, 15
	}
	return 21, 17.5
}

// NotTheCalls returns the kinds of items that are not counted: rows of lists,
// configuration that is read again by the clock, whether a page looks on, which
// is too, and the relay's heartbeat.
func NotTheCalls() []string { return []string{"L", "CFG", "LIVE", "R"} }

// ringSeconds and acwSeconds are short, as the timers behind them end the count.
const (
	ringSeconds = 2
	acwSeconds  = 3
)

// moment is how long an agent takes at least: what follows is no change of the same
// moment, which pages would be told together.
const moment = time.Second

// streamDelay is how late Lambda may read the stream, as it asks a shard four times
// a second. A stream that tells at once makes the acd function look for rows which
// the first writer is just putting: a few refused writes more, at other moments in
// each run.
const streamDelay = 250 * time.Millisecond

// Story is how a call comes to its agent.
type Story string

// The stories.
const (
	Waits  Story = "that waits for its agent"
	AtOnce Story = "that finds its agent free"
)

// run is one call under way.
type run struct {
	box    *onebox.Box
	agent  onebox.Login
	story  Story
	frames atomic.Int64 // of contacts, that the agent's page was sent
}

// Place starts a centre in a folder, places one call with a caller and an agent of
// its own, and returns the bill once nothing more happens. It takes about half a
// minute, most of it prompts and timers.
func Place(ctx context.Context, dir string, story Story) (b Bill, err error) {
	free := netip.MustParseAddrPort("127.0.0.1:0")
	box, err := onebox.Start(ctx, onebox.Config{Data: dir, HTTP: free, SIP: free, Admin: free, Fast: true, Demo: true,
		NoRules: true, RingSeconds: ringSeconds, ACWSeconds: acwSeconds, DrainWait: time.Second})
	if err != nil {
		return b, err
	}
	box.Cloud().SetFaults(localcloud.Faults{StreamDelay: streamDelay})
	serving, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- box.Run(serving) }()
	defer func() {
		stop()
		if e := <-ended; err == nil {
			err = e
		}
	}()
	r := &run{box: box, agent: box.Info().Agents[0], story: story}
	relay, err := netip.ParseAddrPort(box.Info().SIP)
	if err != nil {
		return b, err
	}
	phone, err := relaytest.NewPhone(ctx, relaytest.Config{Relay: relay, User: r.agent.SIPUser, Password: r.agent.Password})
	if err != nil {
		return b, err
	}
	defer phone.Close()
	carrier, err := relaytest.NewCarrier(relaytest.Config{Relay: relay, CallerID: "+8613800135678"})
	if err != nil {
		return b, err
	}
	defer carrier.Close()
	if err := r.look(ctx); err != nil {
		return b, err
	}
	if b.Available, err = r.goAvailable(ctx); err != nil {
		return b, err
	}
	if story == AtOnce {
		b.Available = localcloud.Counters{}
	}
	before := r.frames.Load()
	caller, err := r.queue(ctx, carrier, &b)
	if err != nil {
		return b, err
	}
	if err := r.talk(ctx, caller, phone, &b); err != nil {
		return b, err
	}
	b.Call, err = r.settled(ctx)
	b.Frames = r.frames.Load() - before
	return b, err
}

// look opens the agent's page.
func (r *run) look(ctx context.Context) error {
	var ticket struct {
		URL string `json:"url"`
	}
	if err := r.desk(ctx, "POST", "/v1/live/tickets", nil, &ticket); err != nil {
		return err
	}
	page, _, err := websocket.Dial(ctx, ticket.URL, nil)
	if err != nil {
		return err
	}
	page.SetReadLimit(1 << 20)
	if err := page.Write(ctx, websocket.MessageText, []byte(`{"type":"subscribe","topic":"me"}`)); err != nil {
		return err
	}
	if _, _, err := page.Read(ctx); err != nil { // the snapshot
		return err
	}
	go func() { // until the centre ends
		for {
			if _, text, err := page.Read(ctx); err != nil {
				return
			} else if bytes.Contains(text, []byte(`"entity":"offer"`)) || bytes.Contains(text, []byte(`"entity":"contact"`)) {
				r.frames.Add(1) // the agent's own status is not the call's
			}
		}
	}()
	return nil
}

// goAvailable counts what an agent's going available costs while nobody waits, and
// leaves the agent offline again if the call is to wait.
func (r *run) goAvailable(ctx context.Context) (n localcloud.Counters, err error) {
	if _, err = r.settled(ctx); err != nil {
		return n, err
	}
	r.box.Cloud().ResetCounters()
	if err = r.desk(ctx, "POST", "/v1/agents/me/status", map[string]string{"status": "available"}, nil); err != nil {
		return n, err
	}
	if n, err = r.settled(ctx); err != nil || r.story == AtOnce {
		return n, err
	}
	if err = r.desk(ctx, "POST", "/v1/agents/me/status", map[string]string{"status": "offline"}, nil); err != nil {
		return n, err
	}
	_, err = r.settled(ctx)
	return n, err
}

// queue dials, presses 1 in the menu, and returns once the caller hears music.
func (r *run) queue(ctx context.Context, carrier *relaytest.Carrier, b *Bill) (*relaytest.Call, error) {
	r.box.Cloud().ResetCounters()
	caller, err := carrier.Dial(ctx, r.box.Info().Number)
	if err != nil {
		return nil, err
	}
	if err := caller.Answered(ctx); err != nil {
		return nil, err
	}
	if err := hears(ctx, caller, "zh-CN/menu.wav"); err != nil {
		return nil, err
	}
	caller.Forget()
	if err := caller.SendDigits(ctx, "1"); err != nil {
		return nil, err
	}
	err = until(ctx, "a waiting row or a claim", func() bool {
		b.ToQueue = r.box.Cloud().Counters()
		return b.ToQueue.Writes["W"]+b.ToQueue.Writes["A"] > 0
	})
	if err != nil || r.story == AtOnce {
		return caller, err
	}
	return caller, hears(ctx, caller, "common/queue-music.wav")
}

// talk lets the agent go available and pick up; both are heard, the caller hangs
// up, and the agent finishes.
func (r *run) talk(ctx context.Context, caller *relaytest.Call, phone *relaytest.Phone, b *Bill) error {
	before := r.box.Cloud().Counters()
	if r.story == Waits {
		if err := r.desk(ctx, "POST", "/v1/agents/me/status", map[string]string{"status": "available"}, nil); err != nil {
			return err
		}
		b.Screen.Reads = less(r.box.Cloud().Counters().Reads, before.Reads) // the stream comes later: this is all the desk's
		maps.DeleteFunc(b.Screen.Reads, func(kind string, _ float64) bool { return kind != "C/META" && kind != "C/FLOW" })
	}
	var agent *relaytest.Call
	select {
	case agent = <-phone.Incoming():
	case <-ctx.Done():
		return fmt.Errorf("onecall: the agent's phone did not ring: %w", ctx.Err())
	}
	if err := agent.Answer(); err != nil {
		return err
	}
	caller.Speak(relaytest.Tone(440, time.Minute))
	agent.Speak(relaytest.Tone(1000, time.Minute))
	for _, heard := range []error{caller.HearTone(ctx, 1000), agent.HearTone(ctx, 440)} {
		if heard != nil {
			return heard
		}
	}
	var me struct {
		Contacts []struct {
			ID string `json:"contactId"`
		} `json:"contacts"`
	}
	before = r.box.Cloud().Counters()
	if err := r.desk(ctx, "GET", "/v1/agents/me", nil, &me); err != nil {
		return err
	}
	b.Asked.Reads = less(r.box.Cloud().Counters().Reads, before.Reads)
	if len(me.Contacts) != 1 {
		return fmt.Errorf("onecall: the agent has %d contacts, want 1", len(me.Contacts))
	}
	if err := caller.Hangup(); err != nil {
		return err
	}
	if err := agent.Ended(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(moment):
	case <-ctx.Done():
		return ctx.Err()
	}
	return until(ctx, "the end of after-contact work", func() bool {
		// A moment early the hang-up is not yet reported; late the timer was first.
		err := r.desk(ctx, "POST", "/v1/contacts/"+me.Contacts[0].ID+"/finish", map[string]string{"disposition": "resolved"}, nil)
		return err == nil || r.box.Cloud().Counters().Writes["REC"] > 0
	})
}

// settled waits until no message is left in any queue and nothing of a call was
// written, read or invoked for a second, and returns what was counted.
func (r *run) settled(ctx context.Context) (localcloud.Counters, error) {
	c := r.box.Cloud()
	last, quiet := c.Counters(), time.Now()
	err := until(ctx, "quiet", func() bool {
		now := c.Counters()
		left := c.Depth(acd.TimerQueue) + c.Depth(crm.Queue) + c.Depth("recording") + c.Depth("relay-1") + c.Depth(event.LiveQueue)
		if left > 0 || !same(now, last) {
			last, quiet = now, time.Now()
		}
		return time.Since(quiet) > time.Second+streamDelay
	})
	return last, err
}

// same tells whether nothing of a call has happened between two counts.
func same(a, b localcloud.Counters) bool {
	return localcloud.Sum(a.Writes, NotTheCalls()...) == localcloud.Sum(b.Writes, NotTheCalls()...) &&
		localcloud.Sum(a.Reads, NotTheCalls()...) == localcloud.Sum(b.Reads, NotTheCalls()...) && a.Invokes["ivr"] == b.Invokes["ivr"]
}

// desk asks the desk's API as the agent.
func (r *run) desk(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, r.box.Info().URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.agent.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("onecall: %s %s: %s", method, path, res.Status)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

// hears waits until a stored prompt was heard.
func hears(ctx context.Context, c *relaytest.Call, path string) error {
	raw, err := fs.ReadFile(flows.Prompts, "prompts/"+path)
	if err != nil {
		return err
	}
	clip, err := prompts.Decode(raw)
	if err != nil {
		return err
	}
	return every(ctx, 250*time.Millisecond, path, func() bool { _, ok := relaytest.Find(c.Heard(), clip); return ok })
}

func until(ctx context.Context, what string, ok func() bool) error {
	return every(ctx, 20*time.Millisecond, what, ok)
}

// every looks again and again whether something has come true.
func every(ctx context.Context, pause time.Duration, what string, ok func() bool) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("onecall: %s did not come: %w", what, ctx.Err())
		}
	}
	return nil
}
