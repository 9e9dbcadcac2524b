package lambdaevent

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/fault"
)

// Kind is what invoked a function.
type Kind string

// The kinds of events.
const (
	KindStream    Kind = "stream"    // records of the table's stream
	KindQueue     Kind = "queue"     // messages of a queue
	KindHTTP      Kind = "http"      // a request to the HTTP API, payload format 2.0
	KindWebSocket Kind = "websocket" // a connection's event or message
	KindRule      Kind = "rule"      // an EventBridge rule, schedules included
	KindDirect    Kind = "direct"    // anything else: invoked by name
)

// KindOf returns what raw comes from. What is no JSON object is KindDirect.
func KindOf(raw []byte) Kind {
	var probe struct {
		Records []struct {
			EventSource string `json:"eventSource"`
		} `json:"Records"`
		Version        string `json:"version"`
		DetailType     string `json:"detail-type"`
		RequestContext struct {
			HTTP         *struct{} `json:"http"`
			ConnectionID string    `json:"connectionId"`
		} `json:"requestContext"`
	}
	if json.Unmarshal(raw, &probe) != nil {
		return KindDirect
	}
	switch {
	case len(probe.Records) > 0 && probe.Records[0].EventSource == "aws:dynamodb":
		return KindStream
	case len(probe.Records) > 0 && probe.Records[0].EventSource == "aws:sqs":
		return KindQueue
	case probe.Version == "2.0" && probe.RequestContext.HTTP != nil:
		return KindHTTP
	case probe.RequestContext.ConnectionID != "":
		return KindWebSocket
	case probe.DetailType != "":
		return KindRule
	}
	return KindDirect
}

// Mux hands an event to the function for its source. A function leaves nil
// what it has no trigger for; such an event is fault.Invalid.
type Mux struct {
	Stream    func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error)
	Queue     func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)
	HTTP      func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)
	WebSocket func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error)
	Rule      func(context.Context, events.EventBridgeEvent) error
	Direct    func(context.Context, json.RawMessage) (any, error)
}

// Handle is what lambda.Start is given.
func (m Mux) Handle(ctx context.Context, raw json.RawMessage) (any, error) {
	kind := KindOf(raw)
	switch {
	case kind == KindStream && m.Stream != nil:
		return handle(ctx, raw, m.Stream)
	case kind == KindQueue && m.Queue != nil:
		return handle(ctx, raw, m.Queue)
	case kind == KindHTTP && m.HTTP != nil:
		return handle(ctx, raw, m.HTTP)
	case kind == KindWebSocket && m.WebSocket != nil:
		return handle(ctx, raw, m.WebSocket)
	case kind == KindRule && m.Rule != nil:
		return handle(ctx, raw, func(ctx context.Context, e events.EventBridgeEvent) (any, error) { return nil, m.Rule(ctx, e) })
	case kind == KindDirect && m.Direct != nil:
		return m.Direct(ctx, raw)
	}
	return nil, fault.New(fault.Invalid, "no handler for an event of kind %s", kind)
}

func handle[E, R any](ctx context.Context, raw json.RawMessage, do func(context.Context, E) (R, error)) (any, error) {
	var e E
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "read event")
	}
	return do(ctx, e)
}
