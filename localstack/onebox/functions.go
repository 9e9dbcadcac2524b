package onebox

import (
	"time"

	acdfn "huawu/functions/acd/handler"
	crmfn "huawu/functions/crm/handler"
	eventfn "huawu/functions/event/handler"
	ivrfn "huawu/functions/ivr/handler"
	recordingfn "huawu/functions/recording/handler"
	"huawu/shared/acd"
	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
	"huawu/shared/crm"
	"huawu/shared/event"
	"huawu/shared/fault"
	"huawu/shared/ivr"
	"huawu/shared/sma"
)

// Relays is how many queues relays may lease, as many as the template has.
const Relays = 2

// maxReceive is how often a message is tried before it goes to its dead-letter
// queue, as in the template.
const maxReceive = 5

// maxPlace is the same for calls to be placed, which relays without room leave.
const maxPlace = 100

// queues lists every queue of the template with its dead-letter queue.
func queues() []localcloud.QueueOptions {
	names := []string{acd.TimerQueue, crm.Queue, "recording", event.LiveQueue, sma.CallQueue}
	for n := range Relays {
		names = append(names, relayName(n+1))
	}
	var all []localcloud.QueueOptions
	for _, n := range names {
		tries := maxReceive
		if n == sma.CallQueue {
			tries = maxPlace
		}
		all = append(all, localcloud.QueueOptions{Name: n, MaxReceive: tries, DeadLetter: n + "-dlq"},
			localcloud.QueueOptions{Name: n + "-dlq", Retention: 14 * 24 * time.Hour})
	}
	return append(all, localcloud.QueueOptions{Name: "stream-dlq", Retention: 14 * 24 * time.Hour})
}

func relayName(n int) string { return "relay-" + string(rune('0'+n)) }

// wire gives every function the triggers that the template gives it.
func (b *Box) wire() error {
	run := acdfn.Machine(b.log)
	router := acdfn.New(b.cloud.Table(), b.cloud.Queue(), run)
	b.sweeper = router
	ivr := ivrfn.New(ivrfn.Ports{Table: b.cloud.Table(), Queue: b.cloud.Queue(), Functions: b.cloud.Invoker()},
		ivr.Config{RecordingLocation: "recordings", Region: localcloud.Region}, run)
	b.cloud.Invoker().Register(localcloud.Function{Name: "ivr", Timeout: 10 * time.Second, Handle: localcloud.Typed(ivr.Handle)})

	c, instance := b.cloud, contact.Instance{Account: localcloud.Account, Region: localcloud.Region}
	for _, s := range []localcloud.Consumer{
		{Name: "acd", Filter: acdfn.Filter, Handler: router.HandleStream, Timeout: 10 * time.Second},
		{Name: "event", Filter: eventfn.Filter, Handler: eventfn.New(c.Table(), c.Queue(), eventfn.Config{Instance: instance}).Handle, Timeout: 10 * time.Second},
	} {
		s.OnFailure = "stream-dlq"
		if err := c.Subscribe(s); err != nil {
			return fault.Wrap(fault.Internal, err, "subscribe %s", s.Name)
		}
	}
	for _, p := range []localcloud.Poller{
		{Queue: acd.TimerQueue, Handler: router.HandleQueue, Timeout: 10 * time.Second},
		{Queue: crm.Queue, Handler: crmfn.New(c.Table(), c.Queue(), c.Keys(), crmfn.Config{Instance: instance, Local: true}).Handle, Concurrency: 8, Timeout: 30 * time.Second, Visible: 90 * time.Second},
		{Queue: "recording", Handler: recordingfn.New(c.Table(), c.Blobs()).Handle, Timeout: 20 * time.Second},
	} {
		if err := c.Poll(p); err != nil {
			return fault.Wrap(fault.Internal, err, "poll %s", p.Queue)
		}
	}
	return b.openLive()
}
