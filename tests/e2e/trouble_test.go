package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"

	acdfn "huawu/functions/acd/handler"
	ivrfn "huawu/functions/ivr/handler"
	"huawu/localstack/onebox"
	"huawu/localstack/seed"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/crm"
	"huawu/shared/event"
	"huawu/shared/ivr"
	"huawu/tests/peers"
)

// sipp SCENARIO [number=95000] [calls=1] [from=127.0.0.1], and sipp ends: that
// many calls at once; all went as the scenario says.
func (s *story) wordSipp(words []string) {
	s.Helper()
	plain, o := s.read(words, "number", "calls", "from")
	name := s.want(plain, 1, "sipp SCENARIO|ends")[0]
	if name != "ends" {
		number := o["number"]
		if number == "" {
			number = seed.Number
		}
		s.ended = append(s.ended, peers.Sipp(s.T, peers.Carrier{Scenario: name, To: s.centre.info.SIP, Number: number, From: o["from"],
			Calls: s.number(o, "calls", 1), Tone: callerTone}))
		return
	}
	for _, ended := range s.ended {
		s.wait("sipp ends", func() error {
			select {
			case err := <-ended:
				if err != nil {
					s.Errorf("%s: sipp: %v", s.at, err)
				}
				return nil
			default:
				return errors.New("it runs")
			}
		})
	}
	s.ended = nil
}

// throw sip|rtp|tcp|digits: bytes that mean nothing, and half of what would mean
// something, at the ports of the centre. digits: the key 1 by RFC 4733, at every
// port of audio, from somebody who is in no call.
func (s *story) wordThrow(words []string) {
	s.Helper()
	dice := rand.New(rand.NewPCG(1, 2))
	junk := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(dice.Uint32())
		}
		return b
	}
	switch s.want(words, 1, "throw sip|rtp|tcp|digits")[0] {
	case "sip":
		for n := range 200 {
			whole := []byte("INVITE sip:95000@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:95000@b>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 9999\r\n\r\nv=0")
			peers.Throw(s.T, s.centre.info.SIP, junk(1+n*7), whole[:n%len(whole)])
		}
	case "tcp":
		for range 20 {
			conn, err := net.Dial("tcp4", s.centre.info.SIP)
			s.must(err)
			_, _ = conn.Write(junk(4000))
			conn.Close()
		}
	case "digits":
		for port := s.centre.rtp[0]; port <= s.centre.rtp[1]; port++ {
			var key [][]byte
			for n := range 6 { // three of its way, three of its end
				e := []byte{0x80, 101, 0, byte(10 + n), 0, 0, 1, 0, 9, 9, 9, 9, 1, 10, 0, byte(160)}
				if n > 2 {
					e[13] |= 0x80
				}
				key = append(key, e)
			}
			peers.Throw(s.T, fmt.Sprintf("127.0.0.1:%d", port), key...)
		}
	case "rtp":
		for port := s.centre.rtp[0]; port <= s.centre.rtp[1]; port++ {
			to := fmt.Sprintf("127.0.0.1:%d", port)
			for n := range 10 {
				peers.Throw(s.T, to, junk(1+n*11), append([]byte{0x80, byte(dice.Uint32())}, junk(10+n*20)...), append([]byte{0xbf, 0x65}, junk(n)...), junk(1400))
			}
		}
	}
}

// send FILE answer=CODE: a SIP message that stands behind the script, from a
// carrier's address; {sip} and {local} are the addresses of both.
func (s *story) wordSend(words []string) {
	s.Helper()
	plain, o := s.read(words, "answer")
	raw, ok := s.files[s.want(plain, 1, "send FILE answer=CODE")[0]]
	if !ok {
		s.Fatalf("%s: no file %s behind the script", s.at, plain[0])
	}
	line := peers.Ask(s.T, s.centre.info.SIP, func(local string) []byte {
		text := strings.NewReplacer("{sip}", s.centre.info.SIP, "{local}", local, "{id}", strconv.FormatInt(time.Now().UnixNano(), 36)).Replace(string(raw))
		return []byte(strings.ReplaceAll(text, "\n", "\r\n"))
	})
	if !strings.HasPrefix(line, "SIP/2.0 "+o["answer"]+" ") {
		s.Errorf("%s: answer %q, want %s", s.at, line, o["answer"])
	}
}

// broken is what has become of a function.
type broken struct{ how atomic.Value }

// function ivr fails|hangs|recovers: what the relay meets when it asks.
func (s *story) wordFunction(words []string) {
	s.Helper()
	s.want(words, 2, "function ivr fails|hangs|recovers")
	if s.broken == nil {
		s.broken = &broken{}
		c, run := s.centre.cloud(), acdfn.Machine(slog.New(slog.NewJSONHandler(s.centre.log, nil)))
		works := localcloud.Typed(ivrfn.New(ivrfn.Ports{Table: c.Table(), Queue: c.Queue(), Functions: c.Invoker()},
			ivr.Config{RecordingLocation: "recordings", Region: localcloud.Region}, run).Handle)
		c.Invoker().Register(localcloud.Function{Name: words[0], Timeout: 10 * time.Second, Handle: func(ctx context.Context, payload []byte) ([]byte, error) {
			switch s.broken.how.Load() {
			case "fails":
				return nil, errors.New("the function is broken on purpose")
			case "hangs":
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return works(ctx, payload)
		}})
	}
	s.broken.how.Store(words[1])
}

// shop is a CRM of a story's own.
type shop struct {
	mu       sync.Mutex
	verify   *webhook.Webhook
	got      []onebox.Delivery
	answers  []int // in order; then 204
	hangs    int   // so many requests at first get no answer
	requests int
}

// receiver NAME [answers=500,204] [hangs=N]: a CRM that answers so.
func (s *story) wordReceiver(words []string) {
	s.Helper()
	plain, o := s.read(words, "answers", "hangs")
	name := s.want(plain, 1, "receiver NAME [answers=500,204] [hangs=N]")[0]
	r := &shop{hangs: s.number(o, "hangs", 0)}
	for _, code := range strings.FieldsFunc(o["answers"], func(c rune) bool { return c == ',' }) {
		n, err := strconv.Atoi(code)
		s.must(err)
		r.answers = append(r.answers, n)
	}
	server := httptest.NewServer(r)
	s.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	endpoint, secret, err := crm.NewEndpoint(s.Context(), s.centre.cloud().Keys(), crm.Guard{AllowLoopback: true}, time.Now(), seed.Tenant, name, server.URL, event.Completed)
	s.must(err)
	r.verify, err = webhook.NewWebhook(secret)
	s.must(err)
	s.centre.write(endpoint.Put())
	s.shops[name] = r
}

// ServeHTTP takes a delivery.
func (r *shop) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	r.requests++
	n := r.requests
	d := onebox.Delivery{ID: req.Header.Get("webhook-id"), Signature: "valid", Body: json.RawMessage(body)}
	if err = errors.Join(err, r.verify.Verify(body, req.Header)); err != nil {
		d.Signature = err.Error()
	}
	r.got = append(r.got, d)
	r.mu.Unlock()
	if n <= r.hangs {
		<-req.Context().Done()
		return
	}
	code := http.StatusNoContent
	if i := n - r.hangs - 1; i < len(r.answers) {
		code = r.answers[i]
	}
	w.WriteHeader(code)
}

func (r *shop) deliveries() []onebox.Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]onebox.Delivery(nil), r.got...)
}

// term: the process of the centre is asked to end; dies tells that it has.
func (s *story) wordTerm([]string) {
	s.Helper()
	s.must(s.centre.cmd.Process.Signal(syscall.SIGTERM))
}

// kill: the process of the centre is killed.
func (s *story) wordKill([]string) {
	s.Helper()
	s.killed = time.Now()
	s.centre.kill()
}

// dies: the process has killed itself as die-after says, or has come to its end.
func (s *story) wordDies([]string) {
	s.Helper()
	s.wait("the centre dies", func() error {
		select {
		case <-s.centre.dead:
			return nil
		default:
			return errors.New("it lives")
		}
	})
	s.killed = time.Now()
}

// restart: the centre starts again with the same data and ports.
func (s *story) wordRestart([]string) { s.centre.launch() }
