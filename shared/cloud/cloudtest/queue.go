package cloudtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// newQueue makes a queue without dead-letter queue.
func (r *run) newQueue() string {
	name, _, err := r.NewQueue(0)
	r.ok(err)
	return name
}

func (r *run) send(queue, body string, delay time.Duration) {
	r.ok(r.Queue.Send(r.ctx, queue, cloud.Message{Body: []byte(body), Delay: delay}))
}

// receive returns the first message that comes within 15 s, hidden for visible.
func (r *run) receive(queue string, visible time.Duration) cloud.Received {
	got := r.receiveAll(queue, 1, visible)
	if len(got) == 0 {
		r.fatalf("no message within 15 s")
	}
	return got[0]
}

// receiveAll receives until it has n messages or 15 s have passed.
func (r *run) receiveAll(queue string, n int, visible time.Duration) []cloud.Received {
	var all []cloud.Received
	for waited := 0; len(all) < n && waited < 30; waited++ {
		got, err := r.Queue.Receive(r.ctx, queue, min(n-len(all), 10), 500*time.Millisecond, visible)
		r.ok(err)
		all = append(all, got...)
		if len(got) == 0 && r.Virtual {
			r.sleep(500 * time.Millisecond)
		}
	}
	return all
}

// nothing wants a queue to give nothing now.
func (r *run) nothing(queue string) {
	got, err := r.Queue.Receive(r.ctx, queue, 10, 0, time.Minute)
	r.ok(err)
	if len(got) > 0 {
		r.errorf("received %q", got[0].Body)
	}
}

func queueCases() []Case {
	return slices.Concat(bodyCases(), visibilityCases(), deadLetterCases(), invalidQueueCases())
}

func bodyCases() []Case {
	var cases []Case
	for name, body := range map[string]string{
		"JSON": `{"offerId":"0190","n":[1,2]}`, "Chinese": "话务中心 📞", "lines and tabs": "a\r\n\tb\n", "mark-up": "<a href=\"x\">&amp;</a>",
		"one character": "x", "256 KB": strings.Repeat("y", 256<<10), "spaces at both ends": "  x  ",
	} {
		cases = append(cases, Case{"queue: a body of " + name + " arrives as it was", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, body, 0)
			r.equal(string(r.receive(q, time.Minute).Body), body)
		}})
	}
	return slices.Concat(cases, messageCases(), receiveCases())
}

func messageCases() []Case {
	return []Case{
		{"queue: an empty queue gives nothing", hasQueue, func(r *run) { r.nothing(r.newQueue()) }},
		{"queue: a message has an id, a receipt and the count 1", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			m := r.receive(q, time.Minute)
			if m.ID == "" || m.Receipt == "" || m.Count != 1 {
				r.errorf("message %+v", m)
			}
		}},
		{"queue: a message tells how long it waited to be received for the first time", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			r.sleep(2 * time.Second)
			first := r.receive(q, time.Second)
			again := r.receive(q, time.Minute)
			for _, m := range []cloud.Received{first, again} {
				if m.Waited < 1500*time.Millisecond || m.Waited > 30*time.Second {
					r.errorf("received for the %d. time, it waited %v", m.Count, m.Waited)
				}
			}
			r.equal(again.Waited, first.Waited)
		}},
		{"queue: 25 messages all arrive, each once", hasQueue, func(r *run) {
			q := r.newQueue()
			for i := range 25 {
				r.send(q, fmt.Sprint(i), 0)
			}
			bodies, ids := map[string]bool{}, map[string]bool{}
			for _, m := range r.receiveAll(q, 25, 2*time.Minute) {
				bodies[string(m.Body)], ids[m.ID] = true, true
			}
			r.equal(len(bodies), 25)
			r.equal(len(ids), 25)
		}},
		{"queue: equal messages are two", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "same", 0)
			r.send(q, "same", 0)
			r.equal(len(r.receiveAll(q, 2, 2*time.Minute)), 2)
		}},
	}
}

func receiveCases() []Case {
	return []Case{
		{"queue: a receive gives no more than asked for", hasQueue, func(r *run) {
			q := r.newQueue()
			for range 5 {
				r.send(q, "x", 0)
			}
			got, err := r.Queue.Receive(r.ctx, q, 2, time.Second, time.Minute)
			r.ok(err)
			if len(got) > 2 {
				r.errorf("%d messages", len(got))
			}
		}},
		{"queue: two queues are apart", hasQueue, func(r *run) {
			a, b := r.newQueue(), r.newQueue()
			r.send(a, "for a", 0)
			r.nothing(b)
			r.equal(string(r.receive(a, time.Minute).Body), "for a")
		}},
		{"queue: a receive that waits gets what is sent meanwhile", func(s Side) bool { return hasQueue(s) && !s.Virtual }, func(r *run) {
			q := r.newQueue()
			sent := make(chan error, 1)
			go func() {
				r.sleep(time.Second)
				sent <- r.Queue.Send(r.ctx, q, cloud.Message{Body: []byte("x")})
			}()
			got, err := r.Queue.Receive(r.ctx, q, 1, 15*time.Second, time.Minute)
			r.ok(errors.Join(err, <-sent))
			r.equal(len(got), 1)
		}},
		{"queue: a receive that waits ends empty", hasQueue, func(r *run) {
			got, err := r.Queue.Receive(r.ctx, r.newQueue(), 10, time.Second, time.Minute)
			r.ok(err)
			r.equal(len(got), 0)
		}},
	}
}

func visibilityCases() []Case {
	return slices.Concat(hiddenCases(), receiptCases(), delayCases())
}

func hiddenCases() []Case {
	return []Case{
		{"queue: a received message is hidden", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			r.receive(q, time.Minute)
			r.nothing(q)
		}},
		{"queue: a message that is not deleted comes again, with its id and the count 2", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			first := r.receive(q, time.Second)
			again := r.receive(q, time.Minute)
			r.equal(again.ID, first.ID)
			r.equal(again.Count, 2)
			if again.Receipt == first.Receipt {
				r.errorf("the receipt is the same")
			}
		}},
		{"queue: a message hidden for no time comes again at once", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			r.receive(q, 0)
			r.equal(r.receive(q, time.Minute).Count, 2)
		}},
		{"queue: a deleted message does not come again", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			m := r.receive(q, 2*time.Second)
			r.ok(r.Queue.Delete(r.ctx, q, m.Receipt))
			r.sleep(3 * time.Second)
			r.nothing(q)
		}},
		{"queue: a delete of one message leaves the others", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "a", 0)
			r.send(q, "b", 0)
			got := r.receiveAll(q, 2, 2*time.Second)
			r.equal(len(got), 2)
			r.ok(r.Queue.Delete(r.ctx, q, got[0].Receipt))
			r.equal(r.receive(q, time.Minute).ID, got[1].ID)
		}},
	}
}

func receiptCases() []Case {
	return []Case{
		{"queue: a message can be deleted twice", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			m := r.receive(q, time.Minute)
			r.ok(r.Queue.Delete(r.ctx, q, m.Receipt))
			r.ok(r.Queue.Delete(r.ctx, q, m.Receipt))
		}},
		{"queue: a delete by an old receipt is no error", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			old := r.receive(q, 0)
			r.receive(q, time.Minute)
			r.ok(r.Queue.Delete(r.ctx, q, old.Receipt))
		}},
		{"queue: a message can be deleted after it was hidden", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			m := r.receive(q, time.Second)
			r.sleep(2 * time.Second)
			r.ok(r.Queue.Delete(r.ctx, q, m.Receipt))
			r.nothing(q)
		}},
		{"queue: an extended message stays hidden", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			m := r.receive(q, 3*time.Second)
			r.ok(r.Queue.Extend(r.ctx, q, m.Receipt, time.Minute))
			r.sleep(4 * time.Second)
			r.nothing(q)
			r.ok(r.Queue.Delete(r.ctx, q, m.Receipt))
		}},
		{"queue: a message is given back by extending it by nothing", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			m := r.receive(q, time.Minute)
			r.ok(r.Queue.Extend(r.ctx, q, m.Receipt, 0))
			r.equal(r.receive(q, time.Minute).ID, m.ID)
		}},
		{"queue: an extension of a deleted message is invalid or no error", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			m := r.receive(q, time.Minute)
			r.ok(r.Queue.Delete(r.ctx, q, m.Receipt))
			if err := r.Queue.Extend(r.ctx, q, m.Receipt, time.Minute); err != nil {
				r.kind(err, fault.Invalid)
			}
		}},
	}
}

func delayCases() []Case {
	return []Case{
		{"queue: a delayed message is not there before", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "late", 4*time.Second)
			r.nothing(q)
			r.equal(string(r.receive(q, time.Minute).Body), "late")
		}},
		{"queue: a delay holds up no other message", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "late", time.Minute)
			r.send(q, "now", 0)
			r.equal(string(r.receive(q, time.Minute).Body), "now")
		}},
		{"queue: a delay of 15 minutes is taken", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "late", 15*time.Minute)
			r.nothing(q)
		}},
		{"queue: a delay of half a second is not shortened", hasQueue, func(r *run) {
			q := r.newQueue()
			before := time.Now()
			r.send(q, "late", 500*time.Millisecond)
			r.receive(q, time.Minute)
			if d := time.Since(before); d < 500*time.Millisecond && !r.Virtual {
				r.errorf("received after %v", d)
			}
		}},
	}
}

func deadLetterCases() []Case {
	return []Case{
		{"queue: a message received too often goes to the dead-letter queue", hasQueue, func(r *run) {
			q, dead, err := r.NewQueue(2)
			r.ok(err)
			r.send(q, "poison", 0)
			for n := range 2 {
				r.equal(r.receive(q, 0).Count, n+1)
			}
			r.nothing(q)
			r.equal(string(r.receive(dead, time.Minute).Body), "poison")
		}},
		{"queue: a message deleted in time does not go there", hasQueue, func(r *run) {
			q, dead, err := r.NewQueue(2)
			r.ok(err)
			r.send(q, "good", 0)
			r.receive(q, 0)
			r.ok(r.Queue.Delete(r.ctx, q, r.receive(q, time.Minute).Receipt))
			r.nothing(q)
			r.nothing(dead)
		}},
		{"queue: a poisonous message holds up no other", hasQueue, func(r *run) {
			q, dead, err := r.NewQueue(1)
			r.ok(err)
			r.send(q, "poison", 0)
			r.receive(q, 0)
			r.send(q, "good", 0)
			r.equal(string(r.receive(q, time.Minute).Body), "good")
			r.nothing(q) // a receive is what moves it
			r.equal(string(r.receive(dead, time.Minute).Body), "poison")
		}},
		{"queue: without a limit a message comes as often as it must", hasQueue, func(r *run) {
			q := r.newQueue()
			r.send(q, "x", 0)
			for n := range 8 {
				r.equal(r.receive(q, 0).Count, n+1)
			}
		}},
	}
}

func invalidQueueCases() []Case {
	tests := []struct {
		name string
		do   func(r *run, queue string) error
		want fault.Kind
	}{
		{"a delay beyond 15 minutes", send("x", 901*time.Second), fault.Invalid},
		{"a delay below zero", send("x", -time.Second), fault.Invalid},
		{"an empty body", send("", 0), fault.Invalid},
		{"a body beyond 256 KB", send(strings.Repeat("x", 256<<10+1), 0), fault.Invalid},
		{"a body with a zero character", send("a\x00b", 0), fault.Invalid},
		{"a body that is not UTF-8", send("a\xff", 0), fault.Invalid},
		{"a receive of none", receive(0, 0, 0), fault.Invalid},
		{"a receive of 11", receive(11, 0, 0), fault.Invalid},
		{"a receive that waits 21 s", receive(1, 21*time.Second, 0), fault.Invalid},
		{"a receive that waits less than nothing", receive(1, -time.Second, 0), fault.Invalid},
		{"a receive that hides for more than 12 h", receive(1, 0, 12*time.Hour+time.Second), fault.Invalid},
		{"a delete by no receipt", func(r *run, q string) error { return r.Queue.Delete(r.ctx, q, "") }, fault.Invalid},
	}
	var cases []Case
	for _, tt := range tests {
		cases = append(cases, Case{"queue: " + tt.name + " is invalid", hasQueue, func(r *run) {
			r.kind(tt.do(r, r.newQueue()), tt.want)
		}})
	}
	return append(cases, []Case{
		{"queue: a send to an unknown queue is not found", hasQueue, func(r *run) {
			r.kind(send("x", 0)(r, r.tenant+"-none"), fault.NotFound)
		}},
		{"queue: a receive from an unknown queue is not found", hasQueue, func(r *run) {
			r.kind(receive(1, 0, time.Minute)(r, r.tenant+"-none"), fault.NotFound)
		}},
	}...)
}

func send(body string, delay time.Duration) func(*run, string) error {
	return func(r *run, q string) error {
		return r.Queue.Send(r.ctx, q, cloud.Message{Body: []byte(body), Delay: delay})
	}
}

func receive(n int, wait, visible time.Duration) func(*run, string) error {
	return func(r *run, q string) error {
		_, err := r.Queue.Receive(r.ctx, q, n, wait, visible)
		return err
	}
}
