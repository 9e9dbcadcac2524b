package crm

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func secretOf(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, secretPrefix))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheReferenceVector(t *testing.T) {
	secret := secretOf(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	got := Sign([][]byte{secret}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("Sign = %q", got)
	}
}

func TestEachLiveSecretVerifies(t *testing.T) {
	now, body := time.Now(), []byte(`{"type":"contact.completed"}`)
	secrets := [][]byte{[]byte("the new secret"), []byte("the old secret")}
	h := http.Header{}
	h.Set(headerID, "01938d2c")
	h.Set(headerTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(headerSignature, Sign(secrets, "01938d2c", now, body))
	for _, secret := range append(secrets, []byte("another")) {
		hook, err := standardwebhooks.NewWebhookRaw(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Verify(body, h); (err == nil) != (string(secret) != "another") {
			t.Errorf("%s: %v", secret, err)
		}
		if err := hook.Verify(append(body, ' '), h); err == nil {
			t.Errorf("%s: a changed body verifies", secret)
		}
	}
}
