package flows

import _ "embed"

//go:embed demo.json
var demoFlow []byte

//go:embed queue.json
var queueFlow []byte

// Flow is a flow that comes with the product.
type Flow struct {
	ID       string
	Name     string
	Document []byte // flow language JSON
}

// Demo returns the flows of the demo tenant: the one its number is bound to,
// "demo", and the one of its queue.
func Demo() []Flow {
	return []Flow{
		{ID: "demo", Name: "Demo hotline", Document: append([]byte(nil), demoFlow...)},
		{ID: "queue", Name: "Demo queue", Document: append([]byte(nil), queueFlow...)},
	}
}
