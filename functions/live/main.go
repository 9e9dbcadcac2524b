// Command live is the Lambda function behind the WebSocket API of live updates.
// Trigger: the WebSocket API, and the queue of changes.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	routing "huawu/functions/acd/handler"
	"huawu/functions/live/handler"
	"huawu/shared/cloud/awscloud/keys"
	"huawu/shared/cloud/awscloud/push"
	"huawu/shared/cloud/awscloud/queue"
	"huawu/shared/cloud/awscloud/table"
)

func main() {
	cfg, err := loadConfig(os.Getenv)
	if err != nil {
		log.Fatal(err)
	}
	p, err := open(context.Background(), cfg)
	if err != nil {
		log.Fatal(err)
	}
	lines := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	slog.SetDefault(lines)
	lambda.Start(handler.New(p, handler.Config{Issuer: cfg.issuer, Audience: cfg.audience, Origins: cfg.origins, Routing: routing.Machine(lines)}).Handle)
}

func open(ctx context.Context, cfg config) (p handler.Ports, err error) {
	if p.Table, err = table.Open(ctx, cfg.cloud); err != nil {
		return p, err
	}
	if p.Keys, err = keys.New(cfg.cloud); err != nil {
		return p, err
	}
	if p.Queue, err = queue.New(cfg.cloud); err != nil {
		return p, err
	}
	p.Push, err = push.New(cfg.cloud)
	return p, err
}
