package localcloud

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
)

func TestWriteReachesConsumerOnDiskAndInMemory(t *testing.T) {
	for name, dir := range map[string]string{"memory": "", "disk": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			c, err := Open(Options{Dir: dir, Queues: []QueueOptions{{Name: "q"}}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
			got := make(chan string, 10)
			err = c.Subscribe(Consumer{Name: "x", Handler: func(_ context.Context, e events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
				for _, r := range e.Records {
					got <- r.EventName
				}
				return events.DynamoDBEventResponse{}, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error)
			go func() { ended <- c.Run(ctx) }()
			k := cloud.Key{Part: "t|C#1", Sort: "META"}
			if _, err := c.Table().Write(ctx, cloud.Write{Key: k, Put: cloud.Item{"n": 1}, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}}); err != nil {
				t.Fatal(err)
			}
			if name := <-got; name != "INSERT" {
				t.Errorf("event %s, want INSERT", name)
			}
			_, err = c.Table().Write(ctx, cloud.Write{Key: k, Put: cloud.Item{"n": 1}, If: []cloud.Cond{{Attr: cloud.AttrPart, Op: "absent"}}})
			var r *cloud.Refused
			if !errors.As(err, &r) || r.Each[0].Old.Int("n") != 1 {
				t.Errorf("second put: %v", err)
			}
			stop()
			<-ended
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
