// Command probe is the function that the LocalStack tests deploy: it answers,
// fails, hangs or dies as it is told, and reports the events it gets to a queue.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/cloudtest"
	"huawu/shared/cloud/lambdaevent"
)

func main() {
	if do, ok := roles[os.Getenv(role)]; ok {
		lambda.Start(do)
	}
	cfg, err := awscloud.FromEnv(os.Getenv, awscloud.EnvQueuePrefix)
	if err != nil {
		log.Fatal(err)
	}
	q, err := queue.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	report := func(ctx context.Context, what string) error {
		return q.Send(ctx, "seen", cloud.Message{Body: []byte(what)})
	}
	lambda.Start(lambdaevent.Mux{
		Direct: direct,
		Queue: func(ctx context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			return lambdaevent.QueueBatch(ctx, e, func(ctx context.Context, m lambdaevent.Message) error {
				if strings.HasPrefix(string(m.Body), "bad") {
					return errors.New("told to fail")
				}
				return report(ctx, "message "+string(m.Body))
			})
		},
		Stream: func(ctx context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
			return lambdaevent.StreamBatch(ctx, e, func(ctx context.Context, c lambdaevent.Change) error {
				return report(ctx, "change "+c.ID)
			})
		},
	}.Handle)
}

// role is what the probe was deployed as: one of cloudtest's functions, or itself.
const role = "PROBE_ROLE"

// roles are cloudtest's functions. Slow goes on after its time, so that it is
// the runtime that ends it and never its own error that comes first.
var roles = map[string]func(context.Context, json.RawMessage) (json.RawMessage, error){
	"echo": cloudtest.Echo,
	"fail": cloudtest.Fail,
	"slow": func(ctx context.Context, raw json.RawMessage) (json.RawMessage, error) {
		out, err := cloudtest.Slow(ctx, raw)
		time.Sleep(time.Minute)
		return out, err
	},
}

// ask says what a direct call wants.
type ask struct {
	Do      string `json:"do"`
	Message string `json:"message"`
}

func direct(ctx context.Context, raw json.RawMessage) (any, error) {
	var a ask
	if json.Unmarshal(raw, &a) != nil {
		return raw, nil
	}
	switch a.Do {
	case "fail":
		return nil, errors.New(a.Message)
	case "hang":
		<-ctx.Done()
		time.Sleep(time.Minute)
	case "exit":
		os.Exit(7)
	}
	return raw, nil
}
