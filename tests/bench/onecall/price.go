package onecall

import (
	"strings"

	"huawu/shared/cloud/localcloud"
	"huawu/shared/event"
)

// List prices of us-east-1 in dollars a million.
const (
	writeUnit     = 0.625
	readUnit      = 0.125
	queueRequest  = 0.40
	invocation    = 0.20 + 0.004*0.25*13.3334 // with 4 ms of 256 MB on arm64
	socketMessage = 1.00                      // up to 32 KB
	httpRequest   = 1.00
	busEvent      = 1.00
	blobPut       = 5.00
)

// MaxPrice is what call control of 1,000 calls may cost in dollars, with bus, HTTP
// API, WebSocket and the recording's PUT, where functions get ten changes or
// messages at a time.
const MaxPrice = 0.04

// pageRequests is how often a page asks for its call: accept, quality and finish.
const pageRequests = 3

// Item is a line of the bill for 1,000 calls.
type Item struct {
	What  string
	Count float64 // a call
	Price float64 // dollars for 1,000 calls
}

// Price returns the bill of 1,000 calls like this one by item, and its sum. Batch is
// how many changes or messages a function gets at a time: what tells pages then is
// one message for as many changes. control leaves out what is no call control: rows
// of lists, and the webhook.
func (b Bill) Price(batch float64, control bool) (all []Item, sum float64) {
	add := func(what string, n, million float64) {
		all = append(all, Item{what, n, n * million / 1000})
		sum += n * million / 1000
	}
	writes, units := b.Writes()
	reads, readUnits := b.Reads()
	units, readUnits = units+writes["L"], readUnits+reads["LIVE"] // whom a change concerns is read for each call
	invokes, sent := b.Invokes(), b.Sent()
	told := float64(sent[event.LiveQueue])
	rest := float64(invokes["recording"]) // the store's own message
	for queue, n := range sent {
		if queue != event.LiveQueue {
			rest += float64(n)
		}
	}
	async := float64(invokes["acd"] + invokes["event"] + invokes["live"] + invokes["crm"] + invokes["recording"])
	if control {
		units -= writes["L"] + writes["H"]
		readUnits -= reads["H"] + 1
		rest -= float64(invokes["crm"])
		async -= float64(invokes["crm"])
	}
	if batch > 1 {
		told = min(told, b.changes()/batch)
	}
	messages := rest + told
	add("write units", units, writeUnit)
	add("read units", readUnits, readUnit)
	add("queue requests: sent, received, deleted", messages+2*messages/batch, queueRequest)
	add("function invocations", float64(invokes["ivr"])+pageRequests+async/batch, invocation)
	add("HTTP API", pageRequests, httpRequest)
	add("WebSocket messages", float64(b.Frames), socketMessage)
	add("the recording's PUT", float64(b.Requests()["Blobs.Put"]), blobPut)
	add("events on the bus", contactEvents(), busEvent)
	return all, sum
}

// changes is how many changes of a call the event function is called for. A claim is
// one of each of its two items and costs two units.
func (b Bill) changes() float64 {
	w, _ := b.Writes()
	return localcloud.Sum(map[string]float64{"C": w["C/META"] - 1, "A": w["A"] - 1, "REC": w["REC"], "RECORDING": w["RECORDING"]})
}

// contactEvents is how many events Amazon Connect publishes of a call.
func contactEvents() (n float64) {
	for _, t := range event.Types() {
		if strings.HasPrefix(string(t), "contact.") {
			n++
		}
	}
	return n
}
