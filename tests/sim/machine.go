package sim

import (
	"context"
	"time"

	acdhandler "huawu/functions/acd/handler"
	ivrhandler "huawu/functions/ivr/handler"
	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/ivr"
)

// machine is what functions run on: a clock of its own, and a memory that other
// machines do not share.
type machine struct {
	desk *acd.Router
	acd  *acdhandler.Handler
	ivr  *ivrhandler.Handler
}

// machines is how many there are. One invocation runs on one of them by chance.
const machines = 2

// boot starts the machines; their clocks are as wrong as the options allow.
func (w *World) boot(t cloud.Table, q cloud.Queue) {
	w.machines = nil
	for n := range machines {
		run := w.runtime(w.opt.Skew * time.Duration(1-2*(n%2)))
		w.machines = append(w.machines, machine{
			desk: acd.NewRouter(t, q, run),
			acd:  acdhandler.New(t, q, run),
			ivr:  ivrhandler.New(ivrhandler.Ports{Table: t, Queue: q, Functions: w.cloud.Invoker()}, ivr.Config{RecordingLocation: "recordings"}, run),
		})
	}
}

// machine returns the one that the next invocation runs on.
func (w *World) machine() machine { return w.machines[w.rand.IntN(len(w.machines))] }

func (w *World) runtime(skew time.Duration) acd.Runtime {
	return acd.Runtime{Now: func() time.Time { return w.clock.Now().Add(skew) }, NewID: w.newID, Rand: w.rand.Float64, Log: w.opt.Log,
		Sleep: func(context.Context, time.Duration) error { w.yield(); return nil }}
}
