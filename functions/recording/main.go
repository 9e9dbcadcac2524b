// Command recording is the Lambda function that checks stored recordings.
// Trigger: the queue of the recordings bucket's notifications.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"huawu/functions/recording/handler"
	"huawu/shared/cloud/awscloud/blobs"
	"huawu/shared/cloud/awscloud/table"
)

func main() {
	cfg, err := loadConfig(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	t, err := table.Open(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	b, err := blobs.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stdout, nil)))
	lambda.Start(handler.New(t, b).Handle)
}
