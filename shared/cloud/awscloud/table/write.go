package table

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/uuid"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

const allOld = types.ReturnValuesOnConditionCheckFailureAllOld

// Write does one write. A write whose answer was lost is not repeated if it adds
// to a number, unless the connection broke: see awscloud.Patience.
func (t *Table) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	w, err := w.Normal()
	if err != nil {
		return nil, err
	}
	var out cloud.Item
	err = persist(ctx, func() error {
		out, err = t.write(ctx, w)
		return refused(err, 1)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (t *Table) write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	var x expression
	cond, err := x.condition(w.If)
	if err != nil {
		return nil, err
	}
	switch {
	case w.Checks():
		return t.check(ctx, w)
	case w.Delete:
		_, err = t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: t.name, Key: keyOf(w.Key), ConditionExpression: cond,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld})
		return nil, err
	case w.Put != nil:
		item, err := fromItem(w.Put)
		if err != nil {
			return nil, err
		}
		_, err = t.db.PutItem(ctx, &dynamodb.PutItemInput{TableName: t.name, Item: item, ConditionExpression: cond,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld})
		return w.Put, err
	}
	update, err := x.update(w)
	if err != nil {
		return nil, err
	}
	out, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: t.name, Key: keyOf(w.Key), UpdateExpression: update, ConditionExpression: cond,
		ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValues: types.ReturnValueAllNew,
		ReturnValuesOnConditionCheckFailure: allOld}, func(o *dynamodb.Options) {
		if len(w.Add) > 0 {
			o.Retryer = t.cautious
		}
	})
	if err != nil {
		return nil, err
	}
	return toItem(out.Attributes)
}

// check is a strong read whose conditions are looked at here: half a read unit
// where a transaction that only checks would cost two write units.
func (t *Table) check(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	item, err := t.Get(ctx, w.Key, true)
	if err != nil {
		return nil, err
	}
	if !cloud.Holds(w.If, item) {
		return nil, &cloud.Refused{Each: []cloud.Reason{{Why: cloud.WhyCondition, Old: item}}}
	}
	return item, nil
}

// Transact does all writes or none. The token makes it safe to repeat.
func (t *Table) Transact(ctx context.Context, token string, writes ...cloud.Write) error {
	if len(writes) == 0 || len(writes) > cloud.MaxTransact {
		return fault.New(fault.Invalid, "transaction of %d writes", len(writes))
	}
	if len(token) > cloud.MaxTokenBytes {
		return fault.New(fault.Invalid, "transaction token longer than %d bytes", cloud.MaxTokenBytes)
	}
	if token == "" { // ours must be the same through all attempts of this call
		id, err := uuid.NewRandom()
		if err != nil {
			return fault.Wrap(fault.Internal, err, "transaction token")
		}
		token = id.String()
	}
	items, err := t.transaction(writes)
	if err != nil {
		return err
	}
	return persist(ctx, func() error {
		_, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{ClientRequestToken: &token, TransactItems: items})
		return refused(err, len(writes))
	})
}

func (t *Table) transaction(writes []cloud.Write) ([]types.TransactWriteItem, error) {
	items := make([]types.TransactWriteItem, len(writes))
	seen := make(map[cloud.Key]bool, len(writes))
	for i, w := range writes {
		n, err := w.Normal()
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "write %d", i)
		}
		if seen[w.Key] { // LocalStack tells it by another error than AWS does
			return nil, fault.New(fault.Invalid, "write %d: the item is in the transaction twice", i)
		}
		seen[w.Key] = true
		if items[i], err = t.part(n); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "write %d", i)
		}
	}
	return items, nil
}

// part is one write of a transaction.
func (t *Table) part(w cloud.Write) (types.TransactWriteItem, error) {
	var x expression
	none := types.TransactWriteItem{}
	cond, err := x.condition(w.If)
	if err != nil {
		return none, err
	}
	switch {
	case w.Checks():
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: t.name, Key: keyOf(w.Key), ConditionExpression: cond,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld}}, nil
	case w.Delete:
		return types.TransactWriteItem{Delete: &types.Delete{TableName: t.name, Key: keyOf(w.Key), ConditionExpression: cond,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld}}, nil
	case w.Put != nil:
		item, err := fromItem(w.Put)
		return types.TransactWriteItem{Put: &types.Put{TableName: t.name, Item: item, ConditionExpression: cond,
			ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld}}, err
	}
	update, err := x.update(w)
	return types.TransactWriteItem{Update: &types.Update{TableName: t.name, Key: keyOf(w.Key), UpdateExpression: update, ConditionExpression: cond,
		ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values, ReturnValuesOnConditionCheckFailure: allOld}}, err
}

// attempts is how often a write is made that only contention refused. The SDK
// does not repeat those (spec/reliability.md P6).
const attempts = 5

// persist repeats do while only other requests were in the way, with a random
// wait that grows from 10 to 160 ms: who waits equally long collides again. A
// throttled partition is left to the caller after the SDK's own attempts.
func persist(ctx context.Context, do func() error) error {
	for i := 0; ; i++ {
		err := do()
		var r *cloud.Refused
		if !errors.As(err, &r) || r.Lost() || r.Kind() != fault.Conflict || i == attempts-1 {
			return err
		}
		wait := time.Duration(1+rand.Int64N(int64(10*time.Millisecond)<<i)) + 2*time.Millisecond
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return err
		}
	}
}

// refused says what an error of one write, or of n in a transaction, means.
func refused(err error, n int) error {
	var own *cloud.Refused
	var known *fault.Error
	var canceled *types.TransactionCanceledException
	var failed *types.ConditionalCheckFailedException
	switch {
	case err == nil, errors.As(err, &own), errors.As(err, &known):
		return err
	case errors.As(err, &canceled) && len(canceled.CancellationReasons) == n:
		return reasons(canceled.CancellationReasons)
	case errors.As(err, &failed):
		old, err := toItem(failed.Item)
		if err != nil {
			return err
		}
		return &cloud.Refused{Each: []cloud.Reason{{Why: cloud.WhyCondition, Old: old}}}
	}
	var code interface{ ErrorCode() string }
	if errors.As(err, &code) {
		if code.ErrorCode() == "IdempotentParameterMismatchException" {
			return fault.Wrap(fault.Invalid, err, "table: token used for other writes")
		}
		if why := contention[code.ErrorCode()]; why != "" {
			r := &cloud.Refused{Each: make([]cloud.Reason, n)}
			r.Each[0].Why = why // of a whole transaction it is not told which
			return r
		}
	}
	return awscloud.Wrap(err, "table: write")
}

// contention maps the codes that AWS uses for one write, for a whole
// transaction, and inside the reasons of a cancelled one.
var contention = map[string]cloud.Why{
	"TransactionConflictException":           cloud.WhyConflict,
	"TransactionInProgressException":         cloud.WhyConflict,
	"TransactionConflict":                    cloud.WhyConflict,
	"ReplicatedWriteConflictException":       cloud.WhyConflict,
	"ProvisionedThroughputExceededException": cloud.WhyThrottled,
	"ProvisionedThroughputExceeded":          cloud.WhyThrottled,
	"ThrottlingException":                    cloud.WhyThrottled,
	"ThrottlingError":                        cloud.WhyThrottled,
	"RequestLimitExceeded":                   cloud.WhyThrottled,
}

func reasons(each []types.CancellationReason) error {
	r := &cloud.Refused{Each: make([]cloud.Reason, len(each))}
	for i, c := range each {
		switch code := aws.ToString(c.Code); {
		case code == "" || code == "None":
		case code == "ConditionalCheckFailed":
			old, err := toItem(c.Item)
			if err != nil {
				return err
			}
			r.Each[i] = cloud.Reason{Why: cloud.WhyCondition, Old: old}
		case contention[code] != "":
			r.Each[i].Why = contention[code]
		default: // ValidationError, ItemCollectionSizeLimitExceeded, and what may come
			r.Each[i].Why = cloud.WhyInvalid
		}
	}
	return r
}
