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
		{"table: a transaction with the same item twice is invalid", "DynamoDB Local answers TransactionCanceledException instead of ValidationException"},
		{"table: an expired item goes by itself", "DynamoDB Local removes expired items only when told to"},
		{"queue: a delay beyond 15 minutes is invalid", "LocalStack accepts DelaySeconds beyond 900"},
	}
}
