package cloudtest

// Gap is a case in which a side differs from AWS.
type Gap struct {
	Case   string // its name
	Reason string
}

// LocalStackGaps are the cases in which LocalStack 4.14.0 (DynamoDB Local behind
// it) differs from AWS. Each has to be seen to fail there.
func LocalStackGaps() []Gap {
	return []Gap{
		{"keys: name and value cut elsewhere does not open a data key", "LocalStack binds a key to its context's names and values strung together"},
		{"stream: an expired item's removal tells who did it", "LocalStack removes expired items by plain deletes"},
	}
}
