package localcloud_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud/cloudtest"
	"huawu/shared/cloud/lambdaevent"
	"huawu/shared/cloud/localcloud"
)

// side makes a cloud one of cloudtest's sides.
type side struct {
	t     *testing.T
	cloud *localcloud.Cloud
	clock *localcloud.Clock // nil: real time
	named atomic.Int64
}

func openCloud(t *testing.T, o localcloud.Options) *localcloud.Cloud {
	t.Helper()
	c, err := localcloud.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func newSide(t *testing.T, c *localcloud.Cloud, clock *localcloud.Clock) cloudtest.Side {
	s := &side{t: t, cloud: c, clock: clock}
	s.register()
	return cloudtest.Side{
		Table: c.Table(), Blobs: c.Blobs(), Keys: c.Keys(), Queue: c.Queue(), Push: c.Push(), Invoker: c.Invoker(),
		Stream: s.stream, NewQueue: s.newQueue, Connect: s.connect, Expire: s.expire, Sleep: s.sleep,
		Functions: cloudtest.Functions{Echo: "echo", Fail: "fail", Slow: "slow", Throttle: "throttle"},
		Virtual:   clock != nil,
	}
}

func (s *side) register() {
	f := s.cloud.Invoker()
	f.Register(localcloud.Function{Name: "echo", Handle: localcloud.Typed(cloudtest.Echo)})
	f.Register(localcloud.Function{Name: "fail", Handle: localcloud.Typed(cloudtest.Fail)})
	f.Register(localcloud.Function{Name: "throttle", Handle: localcloud.Typed(cloudtest.Echo), Limit: -1})
	slow := localcloud.Typed(cloudtest.Slow)
	if s.clock != nil {
		slow = func(context.Context, []byte) ([]byte, error) {
			s.clock.Advance(3 * time.Second)
			return []byte("null"), nil
		}
	}
	f.Register(localcloud.Function{Name: "slow", Handle: slow, Timeout: 2 * time.Second})
}

func (s *side) newQueue(maxReceive int) (string, string, error) {
	name := fmt.Sprint("q", s.named.Add(1))
	s.cloud.AddQueue(localcloud.QueueOptions{Name: name + "-dlq"})
	s.cloud.AddQueue(localcloud.QueueOptions{Name: name, MaxReceive: maxReceive, DeadLetter: name + "-dlq"})
	return name, name + "-dlq", nil
}

func (s *side) connect() (string, <-chan []byte, func(), error) {
	id := fmt.Sprint("connection", s.named.Add(1))
	received := make(chan []byte, 10)
	s.cloud.Push().Open(id, func(_ context.Context, text []byte) error {
		received <- text
		return nil
	})
	return id, received, func() { s.cloud.Push().Close(id) }, nil
}

func (s *side) expire(context.Context) error {
	_, err := s.cloud.Sweep()
	return err
}

func (s *side) sleep(d time.Duration) {
	if s.clock == nil {
		if _, err := s.cloud.Sweep(); err != nil { // Run does so each minute
			s.t.Error(err)
		}
		time.Sleep(d)
		return
	}
	s.clock.Advance(d)
	if _, err := s.cloud.Sweep(); err != nil {
		s.t.Error(err)
	}
	if _, err := s.cloud.Drain(s.t.Context(), 1000); err != nil {
		s.t.Error(err)
	}
}

func (s *side) stream(ctx context.Context) (<-chan lambdaevent.Change, error) {
	out := make(chan lambdaevent.Change, 1000)
	err := s.cloud.Subscribe(localcloud.Consumer{Name: "case", Latest: true, Handler: func(_ context.Context, e events.DynamoDBEvent) (r events.DynamoDBEventResponse, err error) {
		for _, record := range e.Records {
			c, err := lambdaevent.ToChange(record)
			if err != nil {
				return r, err
			}
			out <- c
		}
		return r, nil
	}})
	if err != nil || s.clock != nil {
		return out, err
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cloud.Run(ctx) }()
	s.t.Cleanup(func() {
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
	return out, nil
}

func TestPortsInMemoryOnAVirtualClock(t *testing.T) {
	cloudtest.Run(t, func(t *testing.T) cloudtest.Side {
		clock := localcloud.NewClock(time.Now())
		return newSide(t, openCloud(t, localcloud.Options{Manual: true, Seed: 1, Now: clock.Now}), clock)
	}, nil)
}

// As weak as AWS may be: stale reads, a late index, records in any order but of
// one item, batches that come twice.
func TestPortsAtTheirWeakest(t *testing.T) {
	cloudtest.Run(t, func(t *testing.T) cloudtest.Side {
		clock := localcloud.NewClock(time.Now())
		c := openCloud(t, localcloud.Options{Manual: true, Seed: 2, Now: clock.Now, Shards: 16})
		c.SetFaults(localcloud.Faults{ReadDelay: 2 * time.Second, IndexDelay: 5 * time.Second, RepeatEvents: 0.5, Reorder: true})
		return newSide(t, c, clock)
	}, nil)
}

func TestPortsOnDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("waits in real time")
	}
	cloudtest.Run(t, func(t *testing.T) cloudtest.Side {
		return newSide(t, openCloud(t, localcloud.Options{Dir: t.TempDir()}), nil)
	}, nil)
}
