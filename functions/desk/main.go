// Command desk is the Lambda function behind the HTTP API of the agents' desk.
package main

import (
	"context"
	"log"
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	routing "huawu/functions/acd/handler"
	"huawu/functions/desk/handler"
	"huawu/shared/cloud/awscloud/blobs"
	"huawu/shared/cloud/awscloud/keys"
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
	lambda.Start(handler.New(p, handler.Config{Instance: cfg.instance, Issuer: cfg.issuer, Audience: cfg.audience, SIP: cfg.sip(p.Keys), Sockets: cfg.live, Routing: routing.Machine(lines)}).Handle)
}

func open(ctx context.Context, cfg config) (p handler.Ports, err error) {
	if p.Table, err = table.Open(ctx, cfg.cloud); err != nil {
		return p, err
	}
	if p.Blobs, err = blobs.New(cfg.cloud); err != nil {
		return p, err
	}
	if p.Keys, err = keys.New(cfg.cloud); err != nil {
		return p, err
	}
	p.Queue, err = queue.New(cfg.cloud)
	return p, err
}
