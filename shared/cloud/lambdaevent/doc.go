// Package lambdaevent turns the events that AWS Lambda hands to a function into
// the words of package cloud and back: stream records, queue messages and HTTP
// requests. It decides how a batch goes on after a failure, when a batch ends
// before its time runs out, and what is logged of it; what a record or a request
// means is the handler's business. The events are the same on AWS, on LocalStack
// and in onebox, so handlers cannot tell where they run.
package lambdaevent
