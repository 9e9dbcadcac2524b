package localstack

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// pythonEnv is the interpreter of the bed, which has the SAM transform.
const pythonEnv = "HUAWU_LOCALSTACK_PYTHON"

// deployStack builds every function, deploys template.yaml under the bed's
// prefix and fills in the bed's names. It takes the stack away at the end.
func (b *bed) deployStack() {
	b.t.Helper()
	stack := strings.TrimSuffix(b.prefix, "-")
	code := b.prefix + "code"
	_, err := b.s3.CreateBucket(b.t.Context(), &s3.CreateBucketInput{Bucket: &code})
	b.must(err)
	mains, err := filepath.Glob("../../functions/*/main.go")
	b.must(err)
	for _, m := range mains {
		name := filepath.Base(filepath.Dir(m))
		b.upload(code, name+".zip", pack(b, b.compile("../../functions/"+name)))
	}
	nested, err := filepath.Glob("../../infra/*.yaml")
	b.must(err)
	for _, f := range nested {
		text, err := os.ReadFile(f)
		b.must(err)
		b.upload(code, "infra/"+filepath.Base(f), text)
	}
	base := b.cfg.Endpoint + "/" + code
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	template, err := exec.Command(os.Getenv(pythonEnv), "../../localstack/render.py", "../../template.yaml", code, base, stack, arch).Output()
	b.must(err)
	b.upload(code, "template.json", template)
	b.formation(b.t.Context(), url.Values{"Action": {"CreateStack"}, "StackName": {stack}, "TemplateURL": {base + "/template.json"},
		"Capabilities.member.1": {"CAPABILITY_IAM"}, "Capabilities.member.2": {"CAPABILITY_AUTO_EXPAND"}})
	b.t.Cleanup(func() {
		b.formation(context.Background(), url.Values{"Action": {"DeleteStack"}, "StackName": {stack}})
	})
	var state string
	eventually(b.t, "the stack is complete", func() bool {
		state = b.stackState(stack)
		return !strings.HasSuffix(state, "IN_PROGRESS")
	})
	if state != "CREATE_COMPLETE" {
		b.t.Fatalf("stack is %s: %s", state, b.formation(b.t.Context(), url.Values{"Action": {"DescribeStackEvents"}, "StackName": {stack}}))
	}
}

// stackState returns the state of a stack and takes its outputs into the bed.
func (b *bed) stackState(stack string) string {
	var d struct {
		Status  string `xml:"DescribeStacksResult>Stacks>member>StackStatus"`
		Outputs []struct {
			Key   string `xml:"OutputKey"`
			Value string `xml:"OutputValue"`
		} `xml:"DescribeStacksResult>Stacks>member>Outputs>member"`
	}
	b.must(xml.Unmarshal(b.formation(b.t.Context(), url.Values{"Action": {"DescribeStacks"}, "StackName": {stack}}), &d))
	for _, o := range d.Outputs {
		switch o.Key {
		case "TableName":
			b.cfg.Table = o.Value
		case "RecordingsBucket":
			b.cfg.Bucket = o.Value
		}
	}
	return d.Status
}

// formation makes one request to CloudFormation.
func (b *bed) formation(ctx context.Context, form url.Values) []byte {
	b.t.Helper()
	form.Set("Version", "2010-05-15")
	body := []byte(form.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.cfg.Endpoint, bytes.NewReader(body))
	b.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	keys, err := b.cfg.Provider().Retrieve(ctx)
	b.must(err)
	sum := sha256.Sum256(body)
	b.must(v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(sum[:]), "cloudformation", b.cfg.Region, time.Now()))
	res, err := http.DefaultClient.Do(r)
	b.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	b.must(err)
	if res.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: status %d: %s", form.Get("Action"), res.StatusCode, text)
	}
	return text
}

func (b *bed) upload(bucket, key string, body []byte) {
	b.t.Helper()
	_, err := b.s3.PutObject(b.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(body)})
	b.must(err)
}

// compile builds a function as make build does and returns the path of its bootstrap.
func (b *bed) compile(dir string) string {
	b.t.Helper()
	boot := filepath.Join(b.t.TempDir(), "bootstrap")
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-ldflags", "-s -w", "-o", boot, "./"+dir)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		b.t.Fatalf("build %s: %v\n%s", dir, err, out)
	}
	return boot
}

// pack returns a deployment package with one bootstrap.
func pack(b *bed, boot string) []byte {
	b.t.Helper()
	body, err := os.ReadFile(boot)
	b.must(err)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	w, err := z.CreateHeader(h)
	b.must(err)
	_, err = w.Write(body)
	b.must(err)
	b.must(z.Close())
	return out.Bytes()
}

// call asks the deployed ivr about an event and returns its actions in short.
func (b *bed) call(invoke func(context.Context, string, []byte) ([]byte, error), event any) string {
	b.t.Helper()
	raw, err := json.Marshal(event)
	b.must(err)
	out, err := invoke(b.t.Context(), "ivr", raw)
	b.must(err)
	var answer struct{ Actions []struct{ Type string } }
	b.must(json.Unmarshal(out, &answer))
	var types []string
	for _, a := range answer.Actions {
		types = append(types, a.Type)
	}
	return fmt.Sprint(types)
}
