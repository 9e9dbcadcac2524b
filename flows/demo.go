package flows

import _ "embed"

//go:embed demo.json
var demoFlow []byte

//go:embed queue.json
var queueFlow []byte

//go:embed voicemail.json
var voicemailFlow []byte

// Flow is a flow that comes with the product.
type Flow struct {
	ID       string
	Name     string
	Document []byte // flow language JSON
}

// Demo returns the flows of the demo tenant: the one its number is bound to,
// "demo", the one of its queue, and that of the number for messages.
func Demo() []Flow {
	return []Flow{
		{ID: "demo", Name: "Demo hotline", Document: append([]byte(nil), demoFlow...)},
		{ID: "queue", Name: "Demo queue", Document: append([]byte(nil), queueFlow...)},
		{ID: "voicemail", Name: "Voicemail", Document: append([]byte(nil), voicemailFlow...)},
	}
}
