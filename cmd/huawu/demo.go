package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"strings"
	"time"

	"huawu/flows"
	"huawu/localstack/onebox"
	"huawu/mediarelay/prompts"
	"huawu/mediarelay/relaytest"
)

// Tones that the two parties of the demo say: each is known by its frequency at
// the other end.
const (
	callerTone = 440.0
	agentTone  = 1000.0
)

// stepWait is how long one step of the story may take, on a busy machine too.
const stepWait = 45 * time.Second

// story is one demo call as it is told.
type story struct {
	out   io.Writer
	in    onebox.Info
	dir   string
	admin client
	lin   onebox.Login
	began time.Time

	carrier *relaytest.Carrier
	phone   *relaytest.Phone
	caller  *relaytest.Call
	agent   *relaytest.Call
	contact string
}

// callDemo places a real call against a running centre and tells its story.
func callDemo(ctx context.Context, out io.Writer, args []string) error {
	f := flags("call demo", "[--data DIR]")
	data := f.String("data", "data", "data folder of the running centre")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	in, admin, err := centre(*data)
	if err != nil {
		return err
	}
	if len(in.Agents) == 0 {
		return fmt.Errorf("the centre has no demo tenant; start it with huawu up --demo")
	}
	s := &story{out: out, in: in, dir: *data, admin: admin, lin: in.Agents[0], began: time.Now()}
	defer s.close()
	for _, step := range []func(context.Context) error{s.setUp, s.dial, s.menu, s.queue, s.answer, s.talk, s.hangUp, s.record, s.webhook, s.recording} {
		limited, cancel := context.WithTimeout(ctx, stepWait)
		err := step(limited)
		cancel()
		if err != nil {
			return fmt.Errorf("%w\n       the centre's log is %s/huawu.log", err, s.dir)
		}
	}
	return nil
}

// tell prints one line of the story with the time since its beginning.
func (s *story) tell(format string, args ...any) {
	fmt.Fprintf(s.out, "%5.1f s  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

func (s *story) close() {
	if s.caller != nil {
		_ = s.caller.Hangup()
	}
	if s.phone != nil {
		_ = s.phone.Close()
	}
	if s.carrier != nil {
		_ = s.carrier.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = s.status(ctx, "offline")
}

func (s *story) status(ctx context.Context, to string) error {
	return s.admin.as(s.lin.Token).do(ctx, "POST", "/v1/agents/me/status", map[string]string{"status": to}, nil)
}

// setUp registers the agent's phone and starts a carrier's gateway, both real SIP
// on loopback.
func (s *story) setUp(ctx context.Context) error {
	relay, err := netip.ParseAddrPort(s.in.SIP)
	if err != nil {
		return fmt.Errorf("address of the relay: %w", err)
	}
	if s.phone, err = relaytest.NewPhone(ctx, relaytest.Config{Relay: relay, User: s.lin.SIPUser, Password: s.lin.Password}); err != nil {
		return fmt.Errorf("register the phone of agent %s: %w", s.lin.Username, err)
	}
	s.tell("agent %s's phone registers at %s with its password", s.lin.Name, relay)
	if s.carrier, err = relaytest.NewCarrier(relaytest.Config{Relay: relay, CallerID: "+8613800135678"}); err != nil {
		return err
	}
	return nil
}

func (s *story) dial(ctx context.Context) (err error) {
	s.tell("a caller (+86138****5678) dials %s through a trunk · 来电", s.in.Number)
	if s.caller, err = s.carrier.Dial(ctx, s.in.Number); err != nil {
		return err
	}
	if err := s.caller.Answered(ctx); err != nil {
		return fmt.Errorf("the call was not answered (SIP status %d): %w", s.caller.Status(), err)
	}
	s.tell("the flow answers")
	return nil
}

// hears waits until a stored prompt was heard.
func (s *story) hears(ctx context.Context, path string) error {
	clip, err := stored(path)
	if err != nil {
		return err
	}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, ok := relaytest.Find(s.caller.Heard(), clip); ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the caller did not hear prompt %s", path)
		}
	}
}

// stored returns the samples of a prompt that comes with the program.
func stored(path string) ([]int16, error) {
	raw, err := fs.ReadFile(flows.Prompts, "prompts/"+path)
	if err != nil {
		return nil, err
	}
	return prompts.Decode(raw)
}

func (s *story) menu(ctx context.Context) error {
	if err := s.hears(ctx, "zh-CN/welcome.wav"); err != nil {
		return err
	}
	s.tell("hears: 您好，欢迎致电话务演示中心。为保证服务质量，通话将会录音。")
	if err := s.hears(ctx, "zh-CN/menu.wav"); err != nil {
		return err
	}
	s.tell("hears: 人工服务请按 1 …")
	s.caller.Forget()
	if err := s.caller.SendDigits(ctx, "1"); err != nil {
		return err
	}
	s.tell("presses 1 (RFC 4733)")
	return nil
}

func (s *story) queue(ctx context.Context) error {
	if err := s.hears(ctx, "zh-CN/queued.wav"); err != nil {
		return err
	}
	s.tell("hears: 您已进入队列 … and waits in queue 客服")
	if err := s.hears(ctx, "common/queue-music.wav"); err != nil {
		return err
	}
	s.tell("hears the queue's music")
	return nil
}

func (s *story) answer(ctx context.Context) error {
	if err := s.status(ctx, "available"); err != nil {
		return err
	}
	s.tell("agent %s goes available · 置闲", s.lin.Name)
	select {
	case s.agent = <-s.phone.Incoming():
	case <-ctx.Done():
		return fmt.Errorf("the agent's phone did not ring")
	}
	s.tell("the contact is offered: the agent's phone rings, the caller still hears music")
	if err := s.agent.Answer(); err != nil {
		return err
	}
	return s.agent.Answered(ctx)
}

func (s *story) talk(ctx context.Context) error {
	s.tell("the agent picks up; both are joined, the recording runs")
	s.caller.Speak(relaytest.Tone(callerTone, 6*time.Second))
	s.agent.Speak(relaytest.Tone(agentTone, 6*time.Second))
	if err := s.caller.HearTone(ctx, agentTone); err != nil {
		return fmt.Errorf("the caller does not hear the agent: %w", err)
	}
	if err := s.agent.HearTone(ctx, callerTone); err != nil {
		return fmt.Errorf("the agent does not hear the caller: %w", err)
	}
	s.tell("the caller hears the agent (%.0f Hz), the agent hears the caller (%.0f Hz)", agentTone, callerTone)
	var me struct {
		Contacts []struct {
			Contact string `json:"contactId"`
		} `json:"contacts"`
	}
	err := s.until(ctx, "the desk shows the contact", func() (bool, error) {
		err := s.admin.as(s.lin.Token).do(ctx, "GET", "/v1/agents/me", nil, &me)
		return err == nil && len(me.Contacts) > 0, err
	})
	if err != nil {
		return err
	}
	s.contact = me.Contacts[0].Contact
	said := s.agent.Stats().Received
	return s.until(ctx, "two seconds of talk", func() (bool, error) { return s.agent.Stats().Received > said+100, nil })
}

func (s *story) hangUp(ctx context.Context) error {
	if err := s.caller.Hangup(); err != nil {
		return err
	}
	if err := s.agent.Ended(ctx); err != nil {
		return fmt.Errorf("the agent's phone was not hung up: %w", err)
	}
	s.tell("the caller hangs up; the agent's phone is hung up too")
	err := s.until(ctx, "after-contact work", func() (bool, error) {
		err := s.admin.as(s.lin.Token).do(ctx, "POST", "/v1/contacts/"+s.contact+"/finish", map[string]string{"disposition": "resolved"}, nil)
		return err == nil, nil // a moment early: the hang-up is not yet reported
	})
	if err != nil {
		return err
	}
	s.tell("the agent ends after-contact work with disposition “resolved” · 话后处理")
	return nil
}

func (s *story) record(ctx context.Context) error {
	return s.until(ctx, "the contact's record", func() (bool, error) {
		all, err := s.admin.contactsOf(ctx, time.Now())
		for _, l := range all {
			if l.Contact == s.contact {
				s.tell("contact record: %s, queue %s, agent %s, waited %d s, talked %d s, ended by %s", masked(l.Customer), l.Queue, l.Agent, l.Waited, l.Seconds, l.Reason)
				return true, nil
			}
		}
		return false, err
	})
}

func (s *story) webhook(ctx context.Context) error {
	return s.until(ctx, "the webhook", func() (bool, error) {
		res, err := s.admin.send(ctx, "GET", strings.TrimPrefix(s.in.CRM, s.in.URL), nil, nil)
		if err != nil {
			return false, err
		}
		defer res.Body.Close()
		for lines := json.NewDecoder(res.Body); ; {
			var d onebox.Delivery
			if lines.Decode(&d) != nil {
				return false, nil
			}
			if strings.Contains(string(d.Body), s.contact) {
				s.tell("webhook contact.completed at the demo CRM, id %s, signature %s", d.ID, d.Signature)
				return true, nil
			}
		}
	})
}

func (s *story) recording(ctx context.Context) error {
	err := s.until(ctx, "the recording", func() (bool, error) {
		var list struct {
			Recordings []struct {
				Seconds float64 `json:"seconds"`
				Bytes   int64   `json:"bytes"`
			} `json:"recordings"`
		}
		err := s.admin.do(ctx, "GET", "/v1/contacts/"+s.contact+"/recordings", nil, &list)
		if err != nil || len(list.Recordings) == 0 {
			return false, err
		}
		s.tell("recording: %.1f s in stereo, sealed with AES-256-GCM before it was written", list.Recordings[0].Seconds)
		return true, nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nHear it · 试听：\n  huawu recording export --data %s %s call.wav     (go run ./cmd/huawu …)\n  %s/v1/contacts/%s/recordings/0/audio\n", s.dir, s.contact, s.in.URL, s.contact)
	return nil
}

// until looks again and again whether something has come true.
func (s *story) until(ctx context.Context, what string, check func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := check()
		if ok {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if err != nil {
				return fmt.Errorf("%s did not come: %w", what, err)
			}
			return fmt.Errorf("%s did not come", what)
		}
	}
}
