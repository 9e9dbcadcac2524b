// Command acd is the Lambda function that offers waiting contacts to agents.
// Trigger: the table's stream, the queue of timers, and a rule each minute.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"huawu/functions/acd/handler"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
)

func main() {
	cfg, err := loadConfig(os.Getenv)
	if err != nil {
		log.Fatal(err) // one line that names every bad variable
	}
	t, err := table.Open(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	q, err := queue.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(handler.New(t, q, handler.Machine(slog.New(slog.NewJSONHandler(os.Stdout, nil)))).Handle)
}
