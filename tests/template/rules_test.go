package template

import (
	"fmt"
	"slices"
	"strings"
)

// rule looks at one template and returns what is wrong with it.
type rule struct {
	name  string
	check func(stack) []string
}

var rules = []rule{
	{"queues are encrypted, refuse plain HTTP and give up into a dead-letter queue", queues},
	{"buckets are private, encrypted with our key and refuse plain HTTP", buckets},
	{"tables are encrypted, restorable and tell both images", tables},
	{"keys that can rotate do", keys},
	{"what cannot be made again outlives the stack", retained},
	{"no statement allows everything on everything", statements},
	{"event sources report single failures and give up into a queue", sources},
	{"logs end and are encrypted", logs},
	{"functions are built, limited and logged", functions},
	{"the template deploys in every partition", partitions},
}

func queues(s stack) []string {
	var bad []string
	guarded := map[string]bool{}
	for _, p := range s.names("AWS::SQS::QueuePolicy") {
		props := at(s.resources[p], "Properties")
		if tlsOnly(at(props, "PolicyDocument"), "sqs:*") {
			for _, q := range list(at(props, "Queues")) {
				guarded[text(at(q, "Ref"))] = true
			}
		}
	}
	for _, name := range s.names("AWS::SQS::Queue") {
		p := at(s.resources[name], "Properties")
		if at(p, "KmsMasterKeyId") == nil {
			bad = append(bad, name+" is not encrypted with our key")
		}
		if !guarded[name] {
			bad = append(bad, name+" takes plain HTTP")
		}
		if at(p, "ReceiveMessageWaitTimeSeconds") != nil || at(p, "DelaySeconds") != nil {
			bad = append(bad, name+" has a default that a caller's 0 cannot undo: the SDK does not send it")
		}
		if strings.HasSuffix(name, "Dlq") {
			if number(at(p, "MessageRetentionPeriod")) != 14*24*3600 {
				bad = append(bad, name+" does not keep for 14 days")
			}
			continue
		}
		dlq, _, _ := strings.Cut(text(at(p, "RedrivePolicy", "deadLetterTargetArn", "Fn::GetAtt")), ".")
		receives := 5
		if name == "CallsQueue" {
			receives = 100 // who receives without room for a call leaves it
		}
		if s.resources[dlq]["Type"] != "AWS::SQS::Queue" || number(at(p, "RedrivePolicy", "maxReceiveCount")) != receives {
			bad = append(bad, name+" does not give up into a dead-letter queue after 5 receives")
		}
	}
	return bad
}

// tlsOnly reports whether a policy denies an action to whoever comes without TLS.
func tlsOnly(policy node, action string) bool {
	return slices.ContainsFunc(list(at(policy, "Statement")), func(st node) bool {
		return text(at(st, "Effect")) == "Deny" && text(at(st, "Principal")) == "*" && text(at(st, "Action")) == action &&
			fmt.Sprint(at(st, "Condition", "Bool", "aws:SecureTransport")) == "false"
	})
}

func buckets(s stack) []string {
	var bad []string
	for _, name := range s.names("AWS::S3::Bucket") {
		p := at(s.resources[name], "Properties")
		for _, block := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if at(p, "PublicAccessBlockConfiguration", block) != true {
				bad = append(bad, name+" is not private: "+block)
			}
		}
		sse := list(at(p, "BucketEncryption", "ServerSideEncryptionConfiguration"))
		if len(sse) != 1 || text(at(sse[0], "ServerSideEncryptionByDefault", "SSEAlgorithm")) != "aws:kms" || at(sse[0], "ServerSideEncryptionByDefault", "KMSMasterKeyID") == nil {
			bad = append(bad, name+" is not encrypted with our key")
		}
		if !slices.ContainsFunc(s.names("AWS::S3::BucketPolicy"), func(b string) bool {
			return refs(at(s.resources[b], "Properties", "Bucket"), name) && tlsOnly(at(s.resources[b], "Properties", "PolicyDocument"), "s3:*")
		}) {
			bad = append(bad, name+" takes plain HTTP")
		}
	}
	return bad
}

func tables(s stack) []string {
	var bad []string
	for _, name := range s.names("AWS::DynamoDB::Table") {
		p := at(s.resources[name], "Properties")
		for what, ok := range map[string]bool{
			"is not encrypted with our key": at(p, "SSESpecification", "SSEEnabled") == true && at(p, "SSESpecification", "KMSMasterKeyId") != nil,
			"cannot be restored":            at(p, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") == true,
			"does not tell both images":     text(at(p, "StreamSpecification", "StreamViewType")) == "NEW_AND_OLD_IMAGES",
			"is not billed by use":          text(at(p, "BillingMode")) == "PAY_PER_REQUEST",
		} {
			if !ok {
				bad = append(bad, name+" "+what)
			}
		}
	}
	return bad
}

func keys(s stack) []string {
	var bad []string
	for _, name := range s.names("AWS::KMS::Key") {
		p := at(s.resources[name], "Properties")
		if at(p, "KeySpec") == nil && at(p, "EnableKeyRotation") != true {
			bad = append(bad, name+" does not rotate")
		}
	}
	return bad
}

func retained(s stack) []string {
	var bad []string
	for _, name := range s.names("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key") {
		if s.resources[name]["DeletionPolicy"] != "Retain" || s.resources[name]["UpdateReplacePolicy"] != "Retain" {
			bad = append(bad, name+" goes with the stack")
		}
	}
	return bad
}

// statements looks at every policy; a key's own policy names no other resource
// than itself, so its "*" is the key.
func statements(s stack) []string {
	var bad []string
	for name, r := range s.resources {
		walk(r, func(m map[string]node) {
			if text(m["Effect"]) != "Allow" || m["Action"] == nil {
				return
			}
			onAll := text(m["Action"]) != "polly:SynthesizeSpeech" && // has no resource to name
				slices.ContainsFunc(list(m["Resource"]), func(n node) bool { return text(n) == "*" })
			for _, a := range list(m["Action"]) {
				if text(a) == "*" || strings.HasSuffix(text(a), ":*") && r["Type"] != "AWS::KMS::Key" {
					bad = append(bad, fmt.Sprintf("%s allows %s", name, a))
				}
			}
			if onAll && r["Type"] != "AWS::KMS::Key" {
				bad = append(bad, name+" allows on every resource")
			}
			if text(m["Principal"]) == "*" {
				bad = append(bad, name+" allows everybody")
			}
		})
	}
	return bad
}

// walk calls fn for every map below n.
func walk(n node, fn func(map[string]node)) {
	switch n := n.(type) {
	case map[string]node:
		fn(n)
		for _, c := range n {
			walk(c, fn)
		}
	case []node:
		for _, c := range n {
			walk(c, fn)
		}
	}
}

// sources checks the pins of spec/reliability.md P3 and P4.
func sources(s stack) []string {
	var bad []string
	for _, f := range s.names("AWS::Serverless::Function") {
		for name, e := range object(at(s.resources[f], "Properties", "Events")) {
			p, kind := at(e, "Properties"), text(at(e, "Type"))
			if kind != "SQS" && kind != "DynamoDB" {
				continue
			}
			want := map[string]bool{"report single failures": len(list(at(p, "FunctionResponseTypes"))) == 1 && text(list(at(p, "FunctionResponseTypes"))[0]) == "ReportBatchItemFailures"}
			if kind == "SQS" {
				want["bound how many run at once"] = number(at(p, "ScalingConfig", "MaximumConcurrency")) >= 2
			} else {
				want["start with the oldest record"] = text(at(p, "StartingPosition")) == "TRIM_HORIZON"
				want["part a batch that fails"] = at(p, "BisectBatchOnFunctionError") == true
				want["give up after 5 retries"] = number(at(p, "MaximumRetryAttempts")) == 5
				want["give up after an hour"] = number(at(p, "MaximumRecordAgeInSeconds")) == 3600
				want["give up into a queue"] = text(at(p, "DestinationConfig", "OnFailure", "Type")) == "SQS" && at(p, "DestinationConfig", "OnFailure", "Destination") != nil
				want["filter"] = at(p, "FilterCriteria") != nil
			}
			for what, ok := range want {
				if !ok {
					bad = append(bad, fmt.Sprintf("%s.%s does not %s", f, name, what))
				}
			}
		}
	}
	return bad
}

func logs(s stack) []string {
	var bad []string
	for _, name := range s.names("AWS::Logs::LogGroup") {
		p := at(s.resources[name], "Properties")
		if at(p, "RetentionInDays") == nil {
			bad = append(bad, name+" never ends")
		}
		if at(p, "KmsKeyId") == nil {
			bad = append(bad, name+" is not encrypted with our key")
		}
	}
	return bad
}

func functions(s stack) []string {
	var bad []string
	for _, name := range s.names("AWS::Serverless::Function") {
		r := s.resources[name]
		p := at(r, "Properties")
		short := strings.ToLower(strings.TrimSuffix(name, "Function"))
		for what, ok := range map[string]bool{
			"is built again by SAM":          at(r, "Metadata", "SkipBuild") == true,
			"does not come from build/":      text(at(p, "CodeUri")) == "build/"+short+"/",
			"is not named for its callers":   text(at(p, "FunctionName", "Fn::Sub")) == "${AWS::StackName}-"+short,
			"has no time-out":                number(at(p, "Timeout")) > 0,
			"logs into a group without end":  s.resources[text(at(p, "LoggingConfig", "LogGroup", "Ref"))]["Type"] == "AWS::Logs::LogGroup",
			"is deployed without its alarm":  len(list(at(p, "DeploymentPreference", "Alarms"))) > 0,
			"is shifted outside of prod too": fmt.Sprint(at(p, "DeploymentPreference", "Enabled", "Fn::If")) == "[IsProd true false]",
		} {
			if !ok {
				bad = append(bad, name+" "+what)
			}
		}
	}
	return bad
}

// partitions finds what is true in the partition aws only. Names of services in
// principals and of VPC endpoints are the same everywhere.
func partitions(s stack) []string {
	var bad []string
	each(s.doc, s.file, func(path, v string) {
		service := strings.Contains(path, ".Principal") || strings.HasSuffix(path, ".ServiceName.Fn::Sub")
		if strings.Contains(v, "arn:aws:") || strings.Contains(v, "amazonaws.com") && !service {
			bad = append(bad, path+" is true in one partition only: "+v)
		}
		for _, region := range []string{"us-east-1", "cn-north-1", "eu-west-1", "ap-southeast-1"} {
			if strings.Contains(v, region) {
				bad = append(bad, path+" names a region: "+v)
			}
		}
	})
	return bad
}
