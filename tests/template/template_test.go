package template

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/cloud/awscloud/table"
)

func TestTemplatesKeepTheRules(t *testing.T) {
	for file, s := range load(t) {
		for _, r := range rules {
			for _, bad := range r.check(s) {
				t.Errorf("%s: %s (%s)", file, bad, r.name)
			}
		}
	}
}

// Every rule must see what it is there for: each edit of the real template is
// one mistake, and the rule has to find it.
func TestEveryRuleFindsItsMistake(t *testing.T) {
	stacks := load(t)
	tests := []struct {
		rule int
		file string
		old  string // a regular expression, replaced once
		new  string
	}{
		{0, "infra/data.yaml", `KmsMasterKeyId: !Ref Key`, `MaximumMessageSize: 262144`},
		{0, "infra/data.yaml", `- !Ref CrmDlq\n`, "\n"},
		{0, "infra/data.yaml", `VisibilityTimeout: 120`, `ReceiveMessageWaitTimeSeconds: 20`},
		{0, "infra/data.yaml", `maxReceiveCount: 5`, `maxReceiveCount: 50`},
		{0, "infra/data.yaml", `"sqs:\*"`, `"sqs:ReceiveMessage"`},
		{0, "infra/data.yaml", `MessageRetentionPeriod: 1209600`, `MessageRetentionPeriod: 60`},
		{1, "infra/data.yaml", `BlockPublicPolicy: true`, `BlockPublicPolicy: false`},
		{1, "infra/data.yaml", `SSEAlgorithm: "aws:kms"`, `SSEAlgorithm: AES256`},
		{1, "infra/data.yaml", `Bucket: !Ref Recordings`, `Bucket: !Ref Another`},
		{2, "infra/data.yaml", `NEW_AND_OLD_IMAGES`, `NEW_IMAGE`},
		{2, "infra/data.yaml", `PointInTimeRecoveryEnabled: true`, `PointInTimeRecoveryEnabled: false`},
		{3, "infra/data.yaml", `EnableKeyRotation: true`, `EnableKeyRotation: false`},
		{4, "infra/data.yaml", `DeletionPolicy: Retain`, `DeletionPolicy: Delete`},
		{5, "template.yaml", `Resource: \[!GetAtt Data.Outputs.TableArn[^\n]*`, `Resource: "*"`},
		{5, "template.yaml", `Action: "s3:GetObject"`, `Action: "s3:*"`},
		{5, "infra/relay.yaml", `Sid: AskIvr`, `Principal: "*"`},
		{6, "template.yaml", `BisectBatchOnFunctionError: true`, `BisectBatchOnFunctionError: false`},
		{6, "template.yaml", `MaximumRetryAttempts: 5`, `MaximumRetryAttempts: -1`},
		{6, "template.yaml", `MaximumRecordAgeInSeconds: 3600\n`, "\n"},
		{6, "template.yaml", `DestinationConfig: [^\n]*`, ``},
		{6, "template.yaml", `ScalingConfig: [^\n]*`, ``},
		{6, "template.yaml", `FunctionResponseTypes: [^\n]*`, ``},
		{7, "infra/desk.yaml", `RetentionInDays: 30, `, ``},
		{7, "template.yaml", `, KmsKeyId: !GetAtt Data.Outputs.KeyArn`, ``},
		{8, "template.yaml", `Metadata: {SkipBuild: true}`, `Metadata: {BuildMethod: go1.x}`},
		{8, "template.yaml", `CodeUri: build/acd/`, `CodeUri: .`},
		{8, "template.yaml", `Enabled: !If \[IsProd, true, false\]`, `Enabled: true`},
		{9, "template.yaml", `arn:\$\{AWS::Partition\}`, `arn:aws`},
		{9, "template.yaml", `\$\{AWS::URLSuffix\}`, `amazonaws.com`},
	}
	seen := map[int]bool{}
	for _, tt := range tests {
		text, err := os.ReadFile(filepath.Join("../..", tt.file))
		if err != nil {
			t.Fatal(err)
		}
		at := regexp.MustCompile(tt.old).FindIndex(text)
		if at == nil {
			t.Errorf("%s holds no %q", tt.file, tt.old)
			continue
		}
		s, err := parse(tt.file, slices.Concat(text[:at[0]], []byte(tt.new), text[at[1]:]))
		if err != nil {
			t.Errorf("%q: %v", tt.new, err)
			continue
		}
		if before := len(rules[tt.rule].check(stacks[tt.file])); len(rules[tt.rule].check(s)) <= before {
			t.Errorf("%q does not find %q in place of %q", rules[tt.rule].name, tt.new, tt.old)
		}
		seen[tt.rule] = true
	}
	if len(seen) != len(rules) {
		t.Errorf("%d of %d rules have a mistake to find", len(seen), len(rules))
	}
}

// A queue hides a message for at least six times as long as its function may
// work on it, else a second one starts on the same message.
func TestMessagesStayHiddenWhileAFunctionWorks(t *testing.T) {
	stacks := load(t)
	root, data := stacks["template.yaml"], stacks["infra/data.yaml"]
	found := 0
	for _, f := range root.names("AWS::Serverless::Function") {
		for name, e := range object(at(root.resources[f], "Properties", "Events")) {
			output, ok := strings.CutPrefix(text(at(e, "Properties", "Queue", "Fn::GetAtt")), "Data.Outputs.")
			if !ok {
				continue
			}
			found++
			queue, _, _ := strings.Cut(text(at(data.doc, "Outputs", output, "Value", "Fn::GetAtt")), ".")
			visible, timeout := number(at(data.resources[queue], "Properties", "VisibilityTimeout")), number(at(root.resources[f], "Properties", "Timeout"))
			if timeout == 0 || visible < 6*timeout {
				t.Errorf("%s.%s: %s hides for %d s, %s runs up to %d s", f, name, queue, visible, f, timeout)
			}
		}
	}
	if found != 4 {
		t.Errorf("%d queues feed a function, want 4: acd, crm, live, recording", found)
	}
}

// A shard serves two readers; a third makes all of them late.
func TestExactlyTwoFunctionsReadTheStream(t *testing.T) {
	root := load(t)["template.yaml"]
	var readers []string
	for _, f := range root.names("AWS::Serverless::Function") {
		for _, e := range object(at(root.resources[f], "Properties", "Events")) {
			if text(at(e, "Type")) == "DynamoDB" {
				readers = append(readers, f)
			}
		}
	}
	slices.Sort(readers)
	if !slices.Equal(readers, []string{"AcdFunction", "EventFunction"}) {
		t.Errorf("read by %v", readers)
	}
}

func TestTheTableIsTheOneThatTheCodeWrites(t *testing.T) {
	p := at(load(t)["infra/data.yaml"].resources["Table"], "Properties")
	schema := func(n node) (part, sort string) {
		for _, k := range list(n) {
			if text(at(k, "KeyType")) == "HASH" {
				part = text(at(k, "AttributeName"))
			} else {
				sort = text(at(k, "AttributeName"))
			}
		}
		return part, sort
	}
	if part, sort := schema(at(p, "KeySchema")); part != cloud.AttrPart || sort != cloud.AttrSort {
		t.Errorf("keys are %s and %s", part, sort)
	}
	indexes := list(at(p, "GlobalSecondaryIndexes"))
	if len(indexes) != 1 || text(at(indexes[0], "IndexName")) != table.IndexName || text(at(indexes[0], "Projection", "ProjectionType")) != "ALL" {
		t.Fatalf("indexes %v", indexes)
	}
	if part, sort := schema(at(indexes[0], "KeySchema")); part != cloud.AttrIndexPart || sort != cloud.AttrIndexSort {
		t.Errorf("index keys are %s and %s", part, sort)
	}
	if ttl := text(at(p, "TimeToLiveSpecification", "AttributeName")); ttl != cloud.AttrTTL {
		t.Errorf("items end by %s", ttl)
	}
}

// variable is how a config.go names what it reads: by awscloud's constants, or
// by its own.
var variable = regexp.MustCompile(`awscloud\.(Env\w+)|"([A-Z][A-Z_]{3,})"`)

// A function refuses to start without what it reads, so everything that its
// config.go names is set, be it empty.
func TestFunctionsGetTheEnvironmentThatTheyRead(t *testing.T) {
	shared := map[string]string{"EnvTable": awscloud.EnvTable, "EnvBucket": awscloud.EnvBucket, "EnvDataKey": awscloud.EnvDataKey,
		"EnvSignKey": awscloud.EnvSignKey, "EnvQueuePrefix": awscloud.EnvQueuePrefix, "EnvFunctionPrefix": awscloud.EnvFunctionPrefix,
		"EnvFunctionAlias": awscloud.EnvFunctionAlias, "EnvPushEndpoint": awscloud.EnvPushEndpoint}
	root := load(t)["template.yaml"]
	vars := object(at(root.doc, "Globals", "Function", "Environment", "Variables"))
	if alias := text(vars[awscloud.EnvFunctionAlias]); alias != text(at(root.doc, "Globals", "Function", "AutoPublishAlias")) {
		t.Errorf("%s is %q", awscloud.EnvFunctionAlias, alias)
	}
	read := 0
	for _, f := range root.names("AWS::Serverless::Function") {
		own := object(at(root.resources[f], "Properties", "Environment", "Variables"))
		config, err := os.ReadFile("../../functions/" + strings.ToLower(strings.TrimSuffix(f, "Function")) + "/config.go")
		if err != nil {
			t.Error(err)
			continue
		}
		for _, m := range variable.FindAllStringSubmatch(string(config), -1) {
			name := m[2]
			if m[1] != "" {
				name = shared[m[1]]
			}
			if strings.HasPrefix(name, "AWS_") {
				continue // Lambda's own: the credentials and region of the function
			}
			if read++; name == "" || vars[name] == nil && own[name] == nil {
				t.Errorf("%s reads %s%s, which is not set", f, m[1], m[2])
			}
		}
	}
	if read < 10 {
		t.Errorf("only %d variables found", read)
	}
}

// The relay's task sets nothing that its program does not read, and all that it
// cannot start without.
func TestTheRelayGetsTheEnvironmentThatItReads(t *testing.T) {
	task := at(load(t)["infra/relay.yaml"].resources["Task"], "Properties")
	container := list(at(task, "ContainerDefinitions"))[0]
	config, err := os.ReadFile("../../mediarelay/cmd/config.go")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{awscloud.EnvTable, awscloud.EnvBucket, awscloud.EnvDataKey, awscloud.EnvQueuePrefix, awscloud.EnvFunctionPrefix, awscloud.EnvFunctionAlias, awscloud.EnvSignKey}
	set := map[string]bool{}
	each(container, "", func(path, v string) {
		if !strings.HasPrefix(path, ".Environment") && !strings.HasPrefix(path, ".Secrets") || !strings.HasSuffix(path, ".Name") {
			return
		}
		set[v] = true
		if !slices.Contains(known, v) && !strings.Contains(string(config), `"`+v+`"`) {
			t.Errorf("%s is read by nobody", v)
		}
	})
	for _, name := range append(known[:5:5], "RELAY_DATA", "RELAY_TRUNKS", "RELAY_ACCOUNTS") {
		if !set[name] {
			t.Errorf("%s is not set", name)
		}
	}
	pool := 0
	for name := range load(t)["infra/data.yaml"].resources {
		if strings.HasPrefix(name, "Relay") && strings.HasSuffix(name, "Queue") {
			pool++
		}
	}
	for _, v := range list(at(container, "Environment")) {
		if text(at(v, "Name")) == "RELAY_POOL" && text(at(v, "Value")) != strconv.Itoa(pool) {
			t.Errorf("the pool is %v, and there are %d queues", at(v, "Value"), pool)
		}
	}
}

// A folder without a resource is never deployed, a resource without a folder
// cannot be built.
func TestEveryFunctionHasItsFolder(t *testing.T) {
	root := load(t)["template.yaml"]
	mains, err := filepath.Glob("../../functions/*/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var folders, named []string
	for _, m := range mains {
		folders = append(folders, filepath.Base(filepath.Dir(m)))
	}
	for _, f := range root.names("AWS::Serverless::Function") {
		named = append(named, strings.ToLower(strings.TrimSuffix(f, "Function")))
	}
	slices.Sort(folders)
	slices.Sort(named)
	if !slices.Equal(folders, named) {
		t.Errorf("functions/ holds %v, template.yaml names %v", folders, named)
	}
}

// Nested stacks get every parameter that has no default, and none they do not know.
func TestNestedStacksGetTheirParameters(t *testing.T) {
	stacks := load(t)
	root := stacks["template.yaml"]
	for _, name := range root.names("AWS::Serverless::Application") {
		p := at(root.resources[name], "Properties")
		nested, ok := stacks[text(at(p, "Location"))]
		if !ok {
			t.Errorf("%s names no template", name)
			continue
		}
		known := object(nested.doc["Parameters"])
		for given := range object(at(p, "Parameters")) {
			if known[given] == nil {
				t.Errorf("%s: %s is no parameter of %s", name, given, nested.file)
			}
		}
		for param, def := range known {
			if object(def)["Default"] == nil && at(p, "Parameters", param) == nil {
				t.Errorf("%s: %s of %s is not given", name, param, nested.file)
			}
		}
		outputs := object(nested.doc["Outputs"])
		each(root.doc, "", func(_, s string) {
			for _, m := range regexp.MustCompile(`\b`+name+`\.Outputs\.(\w+)`).FindAllStringSubmatch(s, -1) {
				if outputs[m[1]] == nil {
					t.Errorf("%s has no output %s", nested.file, m[1])
				}
			}
		})
	}
}
