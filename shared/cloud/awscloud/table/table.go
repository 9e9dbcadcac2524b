// Package table is cloud.Table over DynamoDB. It decides how a write becomes an
// expression and what each refusal means; it repeats what DynamoDB could not do
// at once, but never what it refused. Keys and limits are checked by package
// cloud first, so that both sides of the port refuse the same.
package table

import (
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// IndexName is the name of the one sparse index.
const IndexName = "GSI1"

// patience fits a service that answers in milliseconds: on the way of a call a
// second try is worth more than a long wait.
var patience = awscloud.Patience{Answer: 2 * time.Second, Attempts: 4, Backoff: 400 * time.Millisecond}

// Table is one DynamoDB table. It is safe for use by many goroutines.
type Table struct {
	db       *dynamodb.Client
	name     *string
	cautious aws.RetryerV2
}

var _ cloud.Table = (*Table)(nil)

// Open returns the table that cfg names, after one cheap read: so the first
// event of a function finds the connection up, and a wrong name is found at
// start. A table that cannot be reached just now is no error.
func Open(ctx context.Context, cfg awscloud.Config) (*Table, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.Table == "" {
		return nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvTable)
	}
	t := New(cfg)
	ctx, cancel := context.WithTimeout(ctx, patience.Answer)
	defer cancel()
	_, err := t.Get(ctx, cloud.Key{Part: "_|WARM", Sort: "_"}, false)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Forbidden, fault.Invalid:
		return nil, fault.Wrap(fault.KindOf(err), err, "open table")
	case "":
	default:
		slog.WarnContext(ctx, "table does not answer yet", "kind", string(fault.KindOf(err)), "error", err.Error())
	}
	return t, nil
}

// New returns the table without a first read.
func New(cfg awscloud.Config) *Table {
	return &Table{
		db: dynamodb.New(dynamodb.Options{
			Region: cfg.Region, BaseEndpoint: cfg.BaseEndpoint(), Credentials: cfg.Provider(),
			HTTPClient: cfg.HTTPClient(patience), Retryer: patience.Retryer(),
		}),
		name:     &cfg.Table,
		cautious: patience.CautiousRetryer(),
	}
}

// Get returns an item.
func (t *Table) Get(ctx context.Context, k cloud.Key, strong bool) (cloud.Item, error) {
	if err := k.Check(); err != nil {
		return nil, err
	}
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: t.name, Key: keyOf(k), ConsistentRead: &strong})
	if err != nil {
		return nil, awscloud.Wrap(err, "table: get")
	}
	return toItem(out.Item)
}

// Query returns a page of a partition.
func (t *Table) Query(ctx context.Context, q cloud.Query) ([]cloud.Item, cloud.Cursor, error) {
	in, err := t.query(q)
	if err != nil {
		return nil, nil, err
	}
	out, err := t.db.Query(ctx, in)
	if err != nil {
		return nil, nil, awscloud.Wrap(err, "table: query")
	}
	page := make([]cloud.Item, len(out.Items))
	for i, m := range out.Items {
		if page[i], err = toItem(m); err != nil {
			return nil, nil, err
		}
	}
	next, err := toItem(out.LastEvaluatedKey)
	return page, cloud.Cursor(next), err
}

func (t *Table) query(q cloud.Query) (*dynamodb.QueryInput, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	part, sort := cloud.AttrPart, cloud.AttrSort
	in := &dynamodb.QueryInput{TableName: t.name, ScanIndexForward: aws.Bool(!q.Descending)}
	if q.Index {
		in.IndexName = aws.String(IndexName)
		part, sort = cloud.AttrIndexPart, cloud.AttrIndexSort
	} else {
		in.ConsistentRead = &q.Strong
	}
	var x expression
	cond := x.name(part) + " = " + x.text(q.Part)
	switch to := fit(q.To); {
	case q.From != "" && q.To != "":
		cond += " AND " + x.name(sort) + " BETWEEN " + x.text(q.From) + " AND " + x.text(to)
	case q.From != "":
		cond += " AND " + x.name(sort) + " >= " + x.text(q.From)
	case q.To != "":
		cond += " AND " + x.name(sort) + " <= " + x.text(to)
	}
	in.KeyConditionExpression, in.ExpressionAttributeNames, in.ExpressionAttributeValues = &cond, x.names, x.values
	if q.Limit > 0 {
		in.Limit = aws.Int32(int32(min(q.Limit, 1<<30)))
	}
	if q.After != nil {
		after, err := cursor(q)
		if err != nil {
			return nil, err
		}
		in.ExclusiveStartKey = after
	}
	return in, nil
}

// cursor reads back what Query gave out, perhaps after a trip through JSON.
func cursor(q cloud.Query) (map[string]types.AttributeValue, error) {
	want := []string{cloud.AttrPart, cloud.AttrSort}
	if q.Index {
		want = append(want, cloud.AttrIndexPart, cloud.AttrIndexSort)
	}
	after := make(map[string]types.AttributeValue, len(want))
	for _, name := range want {
		s, ok := q.After[name].(string)
		if !ok || s == "" {
			return nil, fault.New(fault.Invalid, "query: cursor is not one of this query")
		}
		after[name] = &types.AttributeValueMemberS{Value: s}
	}
	if len(q.After) != len(want) {
		return nil, fault.New(fault.Invalid, "query: cursor is not one of this query")
	}
	return after, nil
}

// fit shortens an upper bound that is longer than a sort key may be to the
// highest text not beyond it that fits.
func fit(to string) string {
	if len(to) <= cloud.MaxSortBytes {
		return to
	}
	cut := cloud.MaxSortBytes
	for cut > 0 && to[cut]&0xC0 == 0x80 { // inside a rune
		cut--
	}
	highest := []string{"", "\x7f", "\u07ff", "\uffff"} // of so many bytes
	return to[:cut] + highest[cloud.MaxSortBytes-cut]
}
