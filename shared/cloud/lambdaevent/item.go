package lambdaevent

import (
	"strconv"

	"github.com/aws/aws-lambda-go/events"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// Image is an item as it stands in a stream record.
type Image = map[string]events.DynamoDBAttributeValue

// ToItem returns the item that an image shows, nil for an empty image. A list
// that holds only strings becomes []string, any other list []any. Numbers must
// be integers of 64 bits; null, number sets and binary sets are not stored by
// this product. All of these are fault.Invalid.
func ToItem(image Image) (cloud.Item, error) {
	if len(image) == 0 {
		return nil, nil
	}
	item := make(cloud.Item, len(image))
	for name, av := range image {
		v, err := toValue(av)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "attribute %s", name)
		}
		item[name] = v
	}
	return item, nil
}

// FromItem returns the image of an item: the reverse of ToItem.
func FromItem(item cloud.Item) (Image, error) {
	if item == nil {
		return nil, nil
	}
	image := make(Image, len(item))
	for name, v := range item {
		av, err := fromValue(v)
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "attribute %s", name)
		}
		image[name] = av
	}
	return image, nil
}

func toValue(av events.DynamoDBAttributeValue) (any, error) {
	if av.IsNull() {
		return nil, fault.New(fault.Invalid, "null")
	}
	switch av.DataType() {
	case events.DataTypeString:
		return av.String(), nil
	case events.DataTypeNumber:
		return strconv.ParseInt(av.Number(), 10, 64)
	case events.DataTypeBinary:
		return av.Binary(), nil
	case events.DataTypeBoolean:
		return av.Boolean(), nil
	case events.DataTypeStringSet:
		return av.StringSet(), nil
	case events.DataTypeList:
		return toList(av.List())
	case events.DataTypeMap:
		return toMap(av.Map())
	}
	return nil, fault.New(fault.Invalid, "attribute type %d", av.DataType())
}

// toList reads []string where it can: the stored form has one kind of list.
func toList(list []events.DynamoDBAttributeValue) (any, error) {
	texts := make([]string, 0, len(list))
	for _, av := range list {
		if av.DataType() != events.DataTypeString {
			break
		}
		texts = append(texts, av.String())
	}
	if len(texts) == len(list) {
		return texts, nil
	}
	values := make([]any, len(list))
	for i, av := range list {
		v, err := toValue(av)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

func toMap(m Image) (any, error) {
	values := make(map[string]any, len(m))
	for name, av := range m {
		v, err := toValue(av)
		if err != nil {
			return nil, err
		}
		values[name] = v
	}
	return values, nil
}

func fromValue(v any) (events.DynamoDBAttributeValue, error) {
	switch v := v.(type) {
	case string:
		return events.NewStringAttribute(v), nil
	case int64:
		return events.NewNumberAttribute(strconv.FormatInt(v, 10)), nil
	case []byte:
		return events.NewBinaryAttribute(append([]byte{}, v...)), nil // never nil, which would read as null
	case bool:
		return events.NewBooleanAttribute(v), nil
	case []string:
		return fromList(v)
	case []any:
		return fromList(v)
	case map[string]any:
		image, err := FromItem(v)
		if image == nil {
			image = Image{}
		}
		return events.NewMapAttribute(image), err
	}
	return events.DynamoDBAttributeValue{}, fault.New(fault.Invalid, "value of type %T", v)
}

func fromList[T any](values []T) (events.DynamoDBAttributeValue, error) {
	list := make([]events.DynamoDBAttributeValue, len(values))
	for i, v := range values {
		av, err := fromValue(v)
		if err != nil {
			return events.DynamoDBAttributeValue{}, err
		}
		list[i] = av
	}
	return events.NewListAttribute(list), nil
}
