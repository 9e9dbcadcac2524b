package keys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

// play answers the two requests that signing needs and counts the second.
func play(t *testing.T) (cfg awscloud.Config, publicKeyRead *int) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Message []byte }
		_ = json.NewDecoder(r.Body).Decode(&in)
		out := map[string]any{}
		if strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".Sign") {
			out["Signature"], _ = ecdsa.SignASN1(rand.Reader, private, in.Message)
		} else {
			read++
			out["PublicKey"], _ = x509.MarshalPKIXPublicKey(&private.PublicKey)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(out)
	}))
	t.Cleanup(s.Close)
	return awscloud.Config{Region: "eu-west-1", Endpoint: s.URL, SignKey: "k", Credentials: awscloud.Credentials{AccessKey: "a", Secret: "s"}}, &read
}

func TestASignatureHasTheFormOfJWSAndIsCheckedHere(t *testing.T) {
	cfg, read := play(t)
	k, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // r or s is short in one of 128
		sig, err := k.Sign(t.Context(), []byte("token"))
		if err != nil || len(sig) != 64 {
			t.Fatalf("%d bytes, %v", len(sig), err)
		}
		if err := k.Verify(t.Context(), []byte("token"), sig); err != nil {
			t.Error(err)
		}
		if err := k.Verify(t.Context(), []byte("tokem"), sig); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("another message: %v", err)
		}
		if err := k.Verify(t.Context(), []byte("token"), sig[:63]); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("short signature: %v", err)
		}
	}
	if *read != 1 {
		t.Errorf("the public key was read %d times", *read)
	}
	if _, _, err := k.DataKey(t.Context(), nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("data key without a key: %v", err)
	}
}

func FuzzRaw(f *testing.F) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	sum := sha256.Sum256(nil)
	der, err := ecdsa.SignASN1(rand.Reader, private, sum[:])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		if out, err := raw(der); err == nil && len(out) != 64 {
			t.Errorf("%d bytes", len(out))
		}
	})
}
