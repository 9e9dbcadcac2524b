package lambdaevent

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/fault"
)

var samples = map[Kind]string{
	KindStream:    `{"Records":[{"eventID":"1","eventSource":"aws:dynamodb","dynamodb":{"Keys":{"PK":{"S":"t|A"},"SK":{"S":"META"}},"SequenceNumber":"1"}}]}`,
	KindQueue:     `{"Records":[{"messageId":"1","eventSource":"aws:sqs","body":"x"}]}`,
	KindHTTP:      `{"version":"2.0","routeKey":"$default","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`,
	KindWebSocket: `{"requestContext":{"connectionId":"abc=","routeKey":"$connect","eventType":"CONNECT"}}`,
	KindRule:      `{"version":"0","detail-type":"Scheduled Event","source":"aws.events","detail":{}}`,
	KindDirect:    `{"SchemaVersion":"1.0","InvocationEventType":"NEW_INBOUND_CALL"}`,
}

func TestEveryEventReachesTheHandlerOfItsSource(t *testing.T) {
	var got Kind
	mux := Mux{
		Stream: func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
			got = KindStream
			return StreamBatch(ctx, e, func(context.Context, Change) error { return nil })
		},
		Queue: func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
			got = KindQueue
			return events.SQSEventResponse{}, nil
		},
		HTTP: func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
			got = KindHTTP
			return events.APIGatewayV2HTTPResponse{}, nil
		},
		WebSocket: func(context.Context, events.APIGatewayWebsocketProxyRequest) (events.APIGatewayProxyResponse, error) {
			got = KindWebSocket
			return events.APIGatewayProxyResponse{}, nil
		},
		Rule:   func(context.Context, events.EventBridgeEvent) error { got = KindRule; return nil },
		Direct: func(context.Context, json.RawMessage) (any, error) { got = KindDirect; return nil, nil },
	}
	for want, raw := range samples {
		if _, err := mux.Handle(t.Context(), json.RawMessage(raw)); err != nil || got != want {
			t.Errorf("%s went to %s, %v", want, got, err)
		}
		if _, err := (Mux{}).Handle(t.Context(), json.RawMessage(raw)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s without a handler gives %v, want invalid", want, err)
		}
	}
	if k := KindOf([]byte(`"text"`)); k != KindDirect {
		t.Errorf("a JSON string is %s", k)
	}
}

func FuzzStreamBatch(f *testing.F) {
	f.Add([]byte(samples[KindStream]))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var e events.DynamoDBEvent
		if json.Unmarshal(raw, &e) != nil {
			return
		}
		n := 0
		out, _ := StreamBatch(t.Context(), e, func(_ context.Context, c Change) error {
			n++
			if c.Key.Part == "" {
				t.Error("a change without key")
			}
			return nil
		})
		if n+len(out.BatchItemFailures) > len(e.Records) {
			t.Errorf("%d done and %d failed of %d", n, len(out.BatchItemFailures), len(e.Records))
		}
	})
}
