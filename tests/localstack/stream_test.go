package localstack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"huawu/shared/cloud/lambdaevent"
)

// stream reads a table's stream for all cases and hands each change to those
// who listen. Its records have the form of the events that Lambda makes of them.
type stream struct {
	bed *bed

	mu     sync.Mutex
	listen map[chan lambdaevent.Change]bool
}

// follow starts to read a stream from its oldest record on until the test ends.
func (b *bed) follow(t *testing.T, arn string) *stream {
	s := &stream{bed: b, listen: map[chan lambdaevent.Change]bool{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.read(ctx, arn) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("read stream: %v", err)
		}
	})
	return s
}

// subscribe gives the changes from now on.
func (s *stream) subscribe(ctx context.Context) (<-chan lambdaevent.Change, error) {
	ch := make(chan lambdaevent.Change, 1<<14) // more than all cases together make
	s.mu.Lock()
	s.listen[ch] = true
	s.mu.Unlock()
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		delete(s.listen, ch)
		s.mu.Unlock()
	})
	return ch, nil
}

func (s *stream) read(ctx context.Context, arn string) error {
	iterators := map[string]string{} // by shard
	for ctx.Err() == nil {
		var d struct {
			StreamDescription struct{ Shards []struct{ ShardId string } }
		}
		if err := s.call(ctx, "DescribeStream", map[string]any{"StreamArn": arn}, &d); err != nil {
			return s.ended(ctx, err)
		}
		for _, shard := range d.StreamDescription.Shards {
			if err := s.step(ctx, arn, shard.ShardId, iterators); err != nil {
				return s.ended(ctx, err)
			}
		}
		select {
		case <-time.After(150 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	return nil
}

func (s *stream) ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// step reads one batch of a shard.
func (s *stream) step(ctx context.Context, arn, shard string, iterators map[string]string) error {
	if _, known := iterators[shard]; !known {
		var out struct{ ShardIterator string }
		if err := s.call(ctx, "GetShardIterator", map[string]any{"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}, &out); err != nil {
			return err
		}
		iterators[shard] = out.ShardIterator
	}
	if iterators[shard] == "" { // closed and read to its end
		return nil
	}
	var out struct {
		Records           []events.DynamoDBEventRecord
		NextShardIterator string
	}
	if err := s.call(ctx, "GetRecords", map[string]any{"ShardIterator": iterators[shard]}, &out); err != nil {
		return err
	}
	iterators[shard] = out.NextShardIterator
	for _, r := range out.Records {
		c, err := lambdaevent.ToChange(r)
		if err != nil {
			return err
		}
		s.mu.Lock()
		for ch := range s.listen {
			select {
			case ch <- c:
			default: // a case that does not listen any more
			}
		}
		s.mu.Unlock()
	}
	return nil
}

// call makes one request to the streams' API.
func (s *stream) call(ctx context.Context, op string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.bed.cfg.Endpoint, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	r.Header.Set("X-Amz-Target", "DynamoDBStreams_20120810."+op)
	keys, err := s.bed.cfg.Provider().Retrieve(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "dynamodb", s.bed.cfg.Region, time.Now()); err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d: %s", op, res.StatusCode, text)
	}
	return json.Unmarshal(emptyMaps(text), out)
}

// emptyMaps puts back what LocalStack drops: it writes the attribute {"M":{}}
// as {}. In no other place of these answers is an object empty.
func emptyMaps(text []byte) []byte {
	return bytes.ReplaceAll(text, []byte(": {}"), []byte(`: {"M": {}}`))
}
