// Command crm is the Lambda function that delivers webhooks. Trigger: the queue
// of events and due deliveries.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"huawu/functions/crm/handler"
	"huawu/shared/cloud/awscloud/keys"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
)

func main() {
	cfg, err := loadConfig(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	t, err := table.Open(context.Background(), cfg.cloud)
	if err != nil {
		log.Fatal(err)
	}
	q, err := queue.New(cfg.cloud)
	if err != nil {
		log.Fatal(err)
	}
	k, err := keys.New(cfg.cloud)
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	lambda.Start(handler.New(t, q, k, handler.Config{Instance: cfg.instance}).Handle)
}
