// Command event is the Lambda function that tells what happened to contacts and
// agents. Trigger: the table's stream.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"huawu/functions/event/handler"
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
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	lambda.Start(handler.New(t, q, handler.Config{Instance: cfg.instance}).Handle)
}
