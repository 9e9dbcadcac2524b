package table

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

type attributes = map[string]types.AttributeValue

func keyOf(k cloud.Key) attributes {
	return attributes{cloud.AttrPart: &types.AttributeValueMemberS{Value: k.Part}, cloud.AttrSort: &types.AttributeValueMemberS{Value: k.Sort}}
}

// fromItem converts an item whose values package cloud has made plain.
func fromItem(i map[string]any) (attributes, error) {
	out := make(attributes, len(i))
	for name, v := range i {
		av, err := fromValue(v)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "attribute %q", name)
		}
		out[name] = av
	}
	return out, nil
}

func fromValue(v any) (types.AttributeValue, error) {
	switch v := v.(type) {
	case string:
		return &types.AttributeValueMemberS{Value: v}, nil
	case int64:
		return number(v), nil
	case []byte:
		return &types.AttributeValueMemberB{Value: v}, nil
	case bool:
		return &types.AttributeValueMemberBOOL{Value: v}, nil
	case []string:
		return fromList(v)
	case []any:
		return fromList(v)
	case map[string]any:
		m, err := fromItem(v)
		return &types.AttributeValueMemberM{Value: m}, err
	}
	return nil, fault.New(fault.Invalid, "value of type %T", v)
}

func fromList[T any](values []T) (types.AttributeValue, error) {
	out := make([]types.AttributeValue, len(values))
	for i, v := range values {
		av, err := fromValue(v)
		if err != nil {
			return nil, err
		}
		out[i] = av
	}
	return &types.AttributeValueMemberL{Value: out}, nil
}

func number(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

// toItem returns nil for no attributes: an item has at least its key.
func toItem(m attributes) (cloud.Item, error) {
	if len(m) == 0 {
		return nil, nil
	}
	out, err := toMap(m)
	return cloud.Item(out), err
}

func toMap(m attributes) (map[string]any, error) {
	out := make(map[string]any, len(m))
	for name, av := range m {
		v, err := toValue(av)
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "stored attribute %q", name)
		}
		out[name] = v
	}
	return out, nil
}

func toValue(av types.AttributeValue) (any, error) {
	switch av := av.(type) {
	case *types.AttributeValueMemberS:
		return av.Value, nil
	case *types.AttributeValueMemberN:
		return strconv.ParseInt(av.Value, 10, 64)
	case *types.AttributeValueMemberB:
		return append([]byte{}, av.Value...), nil
	case *types.AttributeValueMemberBOOL:
		return av.Value, nil
	case *types.AttributeValueMemberL:
		return toList(av.Value)
	case *types.AttributeValueMemberM:
		return toMap(av.Value)
	}
	return nil, fault.New(fault.Internal, "type %T is none that this product stores", av)
}

// toList returns []string where all are strings, as cloud.Value does.
func toList(list []types.AttributeValue) (any, error) {
	values, texts := make([]any, len(list)), make([]string, 0, len(list))
	for i, av := range list {
		v, err := toValue(av)
		if err != nil {
			return nil, err
		}
		if s, ok := v.(string); ok {
			texts = append(texts, s)
		}
		values[i] = v
	}
	if len(texts) == len(list) {
		return texts, nil
	}
	return values, nil
}
