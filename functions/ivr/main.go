// Command ivr is the Lambda function that tells relays what to do about a call.
// Trigger: a relay, or a SIP media application, invokes it for each event.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	machine "huawu/functions/acd/handler"
	"huawu/functions/ivr/handler"
	"huawu/shared/cloud/awscloud/invoker"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
)

func main() {
	cloud, cfg, err := loadConfig(os.Getenv)
	if err != nil {
		log.Fatal(err) // one line that names every bad variable
	}
	t, err := table.Open(context.Background(), cloud)
	if err != nil {
		log.Fatal(err)
	}
	q, err := queue.New(cloud)
	if err != nil {
		log.Fatal(err)
	}
	f, err := invoker.New(cloud)
	if err != nil {
		log.Fatal(err)
	}
	ports := handler.Ports{Table: t, Queue: q, Functions: f}
	lambda.Start(handler.New(ports, cfg, machine.Machine(slog.New(slog.NewJSONHandler(os.Stdout, nil)))).Handle)
}
