package cloudtest

import (
	"slices"
	"strings"
	"time"

	"huawu/shared/fault"
)

// arrives wants a text to arrive at a connection.
func (r *run) arrives(received <-chan []byte, want string) {
	select {
	case got := <-received:
		r.equal(string(got), want)
	case <-time.After(15 * time.Second):
		r.errorf("nothing arrived within 15 s")
	}
}

func pushCases() []Case {
	var cases []Case
	for name, text := range map[string]string{"JSON": `{"type":"offer"}`, "Chinese": "来电 📞", "30 KB": strings.Repeat("x", 30<<10)} {
		cases = append(cases, Case{"push: a message of " + name + " arrives", hasPush, func(r *run) {
			id, received, closed, err := r.Connect()
			r.ok(err)
			defer closed()
			r.ok(r.Push.Send(r.ctx, id, []byte(text)))
			r.arrives(received, text)
		}})
	}
	return slices.Concat(cases, connectionCases())
}

func connectionCases() []Case {
	return []Case{
		{"push: messages one after the other arrive in order", hasPush, func(r *run) {
			id, received, closed, err := r.Connect()
			r.ok(err)
			defer closed()
			for _, text := range []string{"1", "2", "3"} {
				r.ok(r.Push.Send(r.ctx, id, []byte(text)))
			}
			for _, text := range []string{"1", "2", "3"} {
				r.arrives(received, text)
			}
		}},
		{"push: a message reaches its connection only", hasPush, func(r *run) {
			a, fromA, closeA, err := r.Connect()
			r.ok(err)
			defer closeA()
			_, fromB, closeB, err := r.Connect()
			r.ok(err)
			defer closeB()
			r.ok(r.Push.Send(r.ctx, a, []byte("for a")))
			r.arrives(fromA, "for a")
			select {
			case got := <-fromB:
				r.errorf("b received %q", got)
			default:
			}
		}},
		{"push: a closed connection is gone", hasPush, func(r *run) {
			id, _, closed, err := r.Connect()
			r.ok(err)
			closed()
			r.eventually(func() error {
				err := r.Push.Send(r.ctx, id, []byte("x"))
				if fault.KindOf(err) == fault.Gone {
					return nil
				}
				return fault.New(fault.Conflict, "not gone yet: %v", err)
			})
		}},
		{"push: an unknown connection is gone", hasPush, func(r *run) {
			r.kind(r.Push.Send(r.ctx, "L0SM9cOFvHcCIhw=", []byte("x")), fault.Gone)
		}},
		{"push: a message beyond 128 KB is invalid", hasPush, func(r *run) {
			id, _, closed, err := r.Connect()
			r.ok(err)
			defer closed()
			r.kind(r.Push.Send(r.ctx, id, make([]byte, 128<<10+1)), fault.Invalid)
		}},
	}
}
