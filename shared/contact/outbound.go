package contact

import "time"

// A call that we begin has a contact before it has a customer: the agent's device
// is called first, then the customer. Which leg is which does not depend on that
// order: the customer's is LEG-A and recorded on the first channel, as in a call
// that came in.

// Reasons of calls out whose customer was not reached. Those in capitals are
// Connect's.
const (
	Expired         Reason = "EXPIRED"                             // no relay had room in time
	BadDestination  Reason = "OUTBOUND_DESTINATION_ENDPOINT_ERROR" // the number cannot be called
	AttemptFailed   Reason = "OUTBOUND_ATTEMPT_FAILED"             // the agent's own device was not reached
	CustomerBusy    Reason = "customer_busy"
	NoAnswer        Reason = "no_answer"
	CustomerRefused Reason = "customer_refused"
)

// Tries says how often a callback may be tried, and how often it was.
type Tries struct {
	Made, Max int
	Pause     time.Duration // between two, in whole seconds
}

// DeviceSeconds is how long the device of an agent who calls somebody may take to
// answer, and PlaceWait how long a relay may take to begin a call.
const (
	DeviceSeconds = 20
	PlaceWait     = 20 * time.Second
)

// ToCall reports whether the customer is still to be called: nobody is on the
// line yet but, perhaps, the agent.
func (c *Contact) ToCall() bool {
	return (c.Method == Outbound || c.Method == Callback) && c.ToSystem.IsZero()
}

// Unreached is the reason of a call out by the SIP status that it ended with
// (RFC 3261 §21): 487 is our own CANCEL, when nobody picked up in time.
func Unreached(status int) Reason {
	switch status {
	case 486, 600:
		return CustomerBusy
	case 408, 480, 487:
		return NoAnswer
	case 403, 603, 607, 608:
		return CustomerRefused
	case 404, 410, 414, 416, 484, 485, 488, 604, 606:
		return BadDestination
	}
	return TelecomFailed
}

// TryAgain makes a callback whose customer was not reached wait for another try,
// at its old place and not before its pause is over. It reports false, and
// changes nothing, if this was the last, or another one could not do better:
// the number itself is wrong.
func (c *Contact) TryAgain(why Reason, now time.Time) (bool, error) {
	if c.Method != Callback || c.Tries.Made+1 >= c.Tries.Max || why == BadDestination {
		return false, nil
	}
	if c.State == Queued { // the customer was called first
		c.Epoch++
		c.Calling, c.Relay = time.Time{}, ""
	} else if err := c.Requeue(now, time.Time{}); err != nil {
		return false, err
	}
	c.Tries.Made++
	c.NotBefore = Instant(now.Add(c.Tries.Pause))
	return true, nil
}

// CallFirst reports whether the customer of c, who waits, is to be called before
// c can be offered to anybody.
func (c *Contact) CallFirst() bool { return c.CustomerFirst && c.State == Queued && c.ToCall() }
