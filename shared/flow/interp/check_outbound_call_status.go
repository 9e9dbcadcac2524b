package interp

// checkOutboundCallStatus is CheckOutboundCallStatus: it ends in what answered
// a call that a campaign placed. NotDetected is a call nobody listened to.
// Source: Amazon Connect flow language, "CheckOutboundCallStatus".
type checkOutboundCallStatus struct{}

func (a *checkOutboundCallStatus) execute(r *run) result {
	return r.value(orElse(r.env.Contact.CallProgress, "NotDetected"))
}
