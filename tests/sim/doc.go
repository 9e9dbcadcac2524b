// Package sim runs the real handlers of acd, ivr, event and crm over a cloud in
// memory, with relays, callers and agents played by models, on a clock that
// jumps. A seed decides who calls when, what fails and in which order things
// happen, so a run that finds a fault finds it again. It decides what must hold
// for every run; what the centre does is the product's business.
//
// # What proves what
//
// The rows T-01 to T-19 of the test matrix that are about routing:
//
//	T-01  histories    TestEveryHistoryHasAnOrder (every weather), TestClientsRace
//	                   (ten clients in real time), history.Check and history.Desk
//	T-02  throttling   weather "contention and throttling": 20 % conflicts, 30 %
//	                   throttled, 5 % down, 5 % lost answers; and "lost answers"
//	T-03  repeats      weather "repeated and reordered events"
//	T-04  crash points TestEveryCrashPointOfEveryHandler: every request of every
//	                   handler in twenty scenes, before and after it; and
//	                   TestTheProcessIsKilledAfterEachWrite
//	T-05  timers       weathers "timers early, late and twice" and "timers that
//	                   never come"
//	T-06  pauses       weather "functions run into each other" (functions stand
//	                   still for up to 4 s), TestOperationsInTurn (an owner of the
//	                   lease is lost, others go on)
//	T-17  vanishing    weather "agents vanish and press twice", scene "the first
//	                   agent vanishes"; ten thousand agents at one instant in
//	                   tests/sim/day; the sockets of desks are shared/live's
//	T-18  clocks       weather "clocks five minutes apart"; see below
//	T-19  poison       functions/acd/handler and shared/cloud/lambdaevent: a record
//	                   that fails is reported alone
//
// Bad input: two browsers of one agent and late and repeated accepts are in the
// weather "agents vanish and press twice"; skills that nobody has in a scene of
// their own.
//
// By chance agents consult, hand over, are listened to and taken over from; callers
// are called back, or cannot be; they wait for a certain agent first, in a queue
// that others help with, or in one that is deleted. In the weather "the stream loses
// records" only sweeps repair: they know who waits by the calls that the relay's
// lease lists. They do not know of a callback without a row, nor put a record that a
// crash left out: both are the stream's alone.
//
// Clocks: commands are valid for a time that their queue measures, timers for one
// that begins when their record is seen, so skew changes neither. A rank is an
// instant of the machine that let the contact wait, written once: two contacts are
// served in the wrong order only if they came within twice the skew of each other,
// and nobody is overtaken by who came later than that. The longest time that one may
// wait counts from the same instant, so it ends by up to twice the skew too early
// or too late.
//
// The checker's invariants are named in its messages as in the product's promises:
// I-1 no contact lost, I-2 no agent offered twice, I-3 no contact assigned twice,
// I-4 no lost wake-up, I-5 order, I-7 one record, I-9 timers, I-10 webhooks.
//
// tests/sim/bugs holds the known bugs that all this must catch, tests/sim/model an
// explicit-state model of the protocol, tests/sim/simulate the long run whose page
// is docs/simulation.md, tests/sim/day a virtual day of a big centre whose page is
// docs/day.md.
package sim
