package awscloud

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"huawu/shared/fault"
)

func TestRootsAreAmazonsAndOutliveTheNextYears(t *testing.T) {
	want := map[string]string{ // SHA-256 of the certificates, https://www.amazontrust.com/repository/
		"Amazon Root CA 1": "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
		"Amazon Root CA 2": "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
		"Amazon Root CA 3": "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
		"Amazon Root CA 4": "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
		"Starfield Services Root Certificate Authority - G2": "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
	}
	rest := rootsPEM
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(cert.Raw)
		if want[cert.Subject.CommonName] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s is not the published certificate", cert.Subject.CommonName)
		}
		if time.Until(cert.NotAfter) < 2*365*24*time.Hour {
			t.Errorf("%s ends %s: renew roots.pem", cert.Subject.CommonName, cert.NotAfter)
		}
		delete(want, cert.Subject.CommonName)
	}
	if len(want) > 0 {
		t.Errorf("missing: %v", want)
	}
}

func TestTheMachinesOwnRootsAreUsedWhereOthersSign(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Config
		own  bool
	}{
		{"AWS", Config{Region: "eu-west-1"}, true},
		{"China, where others sign", Config{Region: "cn-north-1"}, false},
		{"an emulator", Config{Region: "eu-west-1", Endpoint: "https://emulator.test"}, false},
		{"the operator says so", Config{Region: "eu-west-1", SystemRoots: true}, false},
	} {
		if got := tt.c.roots() != nil; got != tt.own {
			t.Errorf("%s: own roots %v, want %v", tt.name, got, tt.own)
		}
	}
}

func TestFromEnvNamesEveryFaultAtOnce(t *testing.T) {
	env := map[string]string{"AWS_ENDPOINT_URL": "localhost:4566", EnvQueuePrefix: "acd-", EnvBucket: "b"}
	_, err := FromEnv(func(name string) string { return env[name] }, EnvTable, EnvBucket)
	for _, want := range []string{EnvTable + " is not set", "AWS_REGION", "AWS_ENDPOINT_URL", EnvQueuePrefix, "credentials"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if strings.Contains(err.Error(), EnvBucket+" is not set") {
		t.Errorf("%v names a variable that is set", err)
	}
	env = map[string]string{"AWS_REGION": "eu-west-1", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x", EnvTable: "huawu"}
	c, err := FromEnv(func(name string) string { return env[name] }, EnvTable)
	if err != nil || c.Credentials.ContainerURL != "http://169.254.170.2/v2/x" || c.Table != "huawu" {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestContainerCredentialsComeOnlyFromThisMachineOrATrustedHost(t *testing.T) {
	for url, want := range map[string]bool{
		"http://169.254.170.2/v2/x": true, "http://169.254.170.23/v1": true, "http://[fd00:ec2::23]/v1": true, "http://127.0.0.1:8080/": true,
		"https://vault.test/creds": true, "http://vault.test/creds": false, "ftp://127.0.0.1/": false, "http://169.254.169.254/": false, "": false,
	} {
		if got := safeContainer(url); got != want {
			t.Errorf("%q: %v, want %v", url, got, want)
		}
	}
}

func TestContainerCredentialsAreReadOnceUntilTheyEnd(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked, answer := 0, `{"AccessKeyId":"AK","SecretAccessKey":"SK","Token":"ST","Expiration":"2100-01-01T00:00:00Z"}`
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Authorization") != "secret" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = w.Write([]byte(answer))
	}))
	defer s.Close()
	p := Config{Credentials: Credentials{ContainerURL: s.URL, ContainerTokenFile: token}}.Provider()
	for range 3 {
		c, err := p.Retrieve(t.Context())
		if err != nil || c.AccessKeyID != "AK" || c.SessionToken != "ST" || !c.CanExpire {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	for _, bad := range []string{`{}`, `SK=very-secret`} {
		answer = bad
		_, err := Config{Credentials: Credentials{ContainerURL: s.URL, ContainerToken: "secret"}}.Provider().Retrieve(t.Context())
		if Kind(err) != fault.Unavailable || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%q gives %v", bad, err)
		}
	}
}

type apiError struct {
	code   string
	status int
}

func (e apiError) Error() string       { return e.code }
func (e apiError) ErrorCode() string   { return e.code }
func (e apiError) HTTPStatusCode() int { return e.status }

func TestKind(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
	read := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	for _, tt := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"no error", nil, ""},
		{"the caller's time is over", context.DeadlineExceeded, fault.Timeout},
		{"no answer", read, fault.Timeout},
		{"not even connected", dial, fault.Unavailable},
		{"name not resolved", &net.DNSError{IsNotFound: true}, fault.Unavailable},
		{"known code", apiError{"ThrottlingException", 400}, fault.Throttled},
		{"code of a family", apiError{"FooNotFoundException", 400}, fault.NotFound},
		{"unknown code, bad request", apiError{"ValidationException", 400}, fault.Invalid},
		{"unknown code, server", apiError{"InternalServerError", 500}, fault.Unavailable},
		{"bare 403", apiError{"", 403}, fault.Forbidden},
		{"bare 404", apiError{"", 404}, fault.NotFound},
		{"bare 410", apiError{"", 410}, fault.Gone},
		{"no status at all", apiError{"", 0}, fault.Unavailable},
		{"teapot", apiError{"", 418}, fault.Internal},
		{"kept kind", fault.New(fault.Invalid, "x"), fault.Invalid},
	} {
		if got := Kind(tt.err); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if Wrap(nil, "x") != nil {
		t.Error("no error became one")
	}
}

func TestACautiousRetryDoesNotRepeatWhatMayHaveHappened(t *testing.T) {
	careful, plain := Patience{Attempts: 3, Backoff: time.Second}.CautiousRetryer(), Patience{Attempts: 3, Backoff: time.Second}.Retryer()
	for _, tt := range []struct {
		name           string
		err            error
		plain, careful bool
	}{
		{"connection reset", errors.New("read: connection reset by peer"), true, true},
		{"server error", apiError{"InternalServerError", 500}, true, false},
		{"throttled", apiError{"ThrottlingException", 400}, true, true},
		{"throttled with 503", apiError{"SlowDown", 503}, true, true},
		{"no answer", &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, true, false},
		{"refused", apiError{"ConditionalCheckFailedException", 400}, false, false},
	} {
		if got := plain.IsErrorRetryable(tt.err); got != tt.plain {
			t.Errorf("%s: repeated %v, want %v", tt.name, got, tt.plain)
		}
		if got := careful.IsErrorRetryable(tt.err); got != tt.careful {
			t.Errorf("%s: carefully repeated %v, want %v", tt.name, got, tt.careful)
		}
	}
}

// A function that uses one port must not carry the clients of the others.
func TestEachPortLinksOnlyItsOwnService(t *testing.T) {
	services := map[string]string{"table": "dynamodb", "blobs": "s3", "keys": "kms", "queue": "sqs", "invoker": "lambda", "push": ""}
	for port, own := range services {
		out, err := exec.Command("go", "list", "-deps", "./"+port).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		for _, service := range services {
			if service == "" || service == own {
				continue
			}
			if slices.Contains(deps, "github.com/aws/aws-sdk-go-v2/service/"+service) {
				t.Errorf("%s links the client of %s", port, service)
			}
		}
		if slices.Contains(deps, "text/template") || slices.Contains(deps, "net/rpc") {
			t.Errorf("%s links a package that calls methods by name: the linker then keeps all of them", port)
		}
	}
}
