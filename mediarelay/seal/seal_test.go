package seal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huawu/mediarelay/seal"
	"huawu/shared/fault"
)

// holder has the private key, and opens messages as the published sample does:
// provider AmazonConnect, a key ID, RSA OAEP with SHA-512 and MGF1.
type holder struct {
	key  *rsa.PrivateKey
	cert string // PEM
}

func newHolder(t testing.TB, bits int) holder {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "input"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0), // expired long ago: it carries a key, no more
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "input"}}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return holder{key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// reader takes a message apart. It is written from the public description of the
// format, not from the writer.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) take(n int) []byte {
	if r.err != nil || n < 0 || n > len(r.b)-r.at {
		if r.err == nil {
			r.err = errors.New("cut short")
		}
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) number(n int) (v uint64) {
	for _, c := range r.take(n) {
		v = v<<8 | uint64(c)
	}
	return v
}

func (r *reader) field() []byte { return r.take(int(r.number(2))) }

func (r *reader) is(what string, got, want uint64) {
	if r.err == nil && got != want {
		r.err = fmt.Errorf("%s is %d, want %d", what, got, want)
	}
}

// open decrypts a message for a key ID and checks all that can be checked.
func (h holder) open(keyID string, message []byte) (text []byte, err error) {
	r := &reader{b: message}
	r.is("version", r.number(1), 1)
	r.is("type", r.number(1), 128)
	r.is("algorithm", r.number(2), 0x0378)
	id := r.take(16)
	context := &reader{b: r.field(), err: r.err}
	pairs := map[string]string{}
	for range context.number(2) {
		name := string(context.field())
		pairs[name] = string(context.field())
		if context.err != nil {
			break
		}
	}
	var wrapped []byte
	for range r.number(2) {
		from, name, data := string(r.field()), string(r.field()), r.field()
		if from == "AmazonConnect" && name == keyID {
			wrapped = data
		}
		if r.err != nil {
			break
		}
	}
	r.is("content type", r.number(1), 2)
	r.is("reserved", r.number(4), 0)
	r.is("length of the IV", r.number(1), 12)
	frameLen := r.number(4)
	head := message[:r.at]
	headIV, headTag := r.take(12), r.take(16)
	if err := errors.Join(r.err, context.err); err != nil {
		return nil, err
	}
	secret, err := rsa.DecryptOAEP(sha512.New(), nil, h.key, wrapped, nil)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha512.New384, secret, nil, string([]byte{0x03, 0x78})+string(id), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, _ := cipher.NewGCM(block)
	if _, err := gcm.Open(nil, headIV, headTag, head); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if text, err = body(r, gcm, id, frameLen); err != nil {
		return nil, err
	}
	return text, verify(r, pairs["aws-crypto-public-key"])
}

// body reads the frames.
func body(r *reader, gcm cipher.AEAD, id []byte, frameLen uint64) (text []byte, err error) {
	for n := uint64(1); ; n++ {
		kind, size := "AWSKMSEncryptionClient Frame", frameLen
		number := r.number(4)
		last := number == 0xFFFFFFFF
		if last {
			kind, number = "AWSKMSEncryptionClient Final Frame", r.number(4)
		}
		r.is("frame", number, n)
		iv := r.take(12)
		if last {
			size = r.number(4)
		}
		if size > frameLen {
			return nil, errors.New("frame too long")
		}
		sealed := r.take(int(size) + 16)
		if r.err != nil {
			return nil, r.err
		}
		aad := append(append([]byte{}, id...), kind...)
		aad = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(aad, uint32(n)), size)
		part, err := gcm.Open(nil, iv, sealed, aad)
		if err != nil {
			return nil, fmt.Errorf("frame: %w", err)
		}
		if text = append(text, part...); last {
			return text, nil
		}
	}
}

// verify checks the signature at the end.
func verify(r *reader, point string) error {
	signed := r.b[:r.at]
	signature := r.field()
	raw, err := base64.StdEncoding.DecodeString(point)
	if err != nil || r.err != nil || r.at != len(r.b) {
		return fmt.Errorf("footer: %w", errors.Join(err, r.err, errors.New("public key, signature or what follows")))
	}
	x, y := elliptic.UnmarshalCompressed(elliptic.P384(), raw)
	digest := sha512.Sum384(signed)
	if x == nil {
		return errors.New("the public key is no point of the curve")
	}
	whole := append(append([]byte{4}, x.FillBytes(make([]byte, 48))...), y.FillBytes(make([]byte, 48))...)
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), whole)
	if err != nil || !ecdsa.VerifyASN1(key, digest[:], signature) {
		return fmt.Errorf("the signature does not match (%v)", err)
	}
	return nil
}

func sealed(t testing.TB, h holder, keyID, text string) []byte {
	t.Helper()
	c, err := seal.Parse(h.cert)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Seal(keyID, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSealedInputIsOpened(t *testing.T) {
	for _, bits := range []int{2048, 4096} {
		h := newHolder(t, bits)
		for _, text := range []string{"4111111111111111", "7", "", strings.Repeat("1", 4096)} {
			m := sealed(t, h, "key-2026", text)
			if got, err := h.open("key-2026", m); err != nil || string(got) != text {
				t.Errorf("%d bits: %q, %v", bits, got, err)
			}
			if text != "7" && text != "" && bytes.Contains(m, []byte(text)) {
				t.Error("the text stands in the message")
			}
			if _, err := h.open("another", m); err == nil {
				t.Error("opened under another key ID")
			}
		}
	}
}

// Two messages of the same digits have nothing in common that tells so.
func TestTheSameInputIsSealedDifferently(t *testing.T) {
	h := newHolder(t, 2048)
	one, two := sealed(t, h, "k", "1234"), sealed(t, h, "k", "1234")
	if bytes.Equal(one[4:20], two[4:20]) || bytes.Equal(one[len(one)-200:], two[len(two)-200:]) {
		t.Error("two messages are alike")
	}
	if len(one) != len(two) {
		t.Errorf("lengths %d and %d", len(one), len(two))
	}
}

// A message that was changed anywhere is refused.
func TestEveryByteCounts(t *testing.T) {
	h := newHolder(t, 2048)
	m := sealed(t, h, "k", "4111111111111111")
	for i := range m {
		changed := bytes.Clone(m)
		changed[i] ^= 1
		if _, err := h.open("k", changed); err == nil {
			t.Errorf("byte %d of %d may change", i, len(m))
		}
		if i%16 == 0 {
			if _, err := h.open("k", m[:i]); err == nil {
				t.Errorf("opened when cut at %d", i)
			}
		}
	}
}

// The SDK itself, with the sample's parameters, opens what we seal.
func TestTheEncryptionSDKOpensIt(t *testing.T) {
	python := ""
	for _, p := range []string{"../../build/python/bin/python3", "python3"} { // make deps makes the first
		if exec.Command(p, "-c", "import aws_encryption_sdk").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		t.Skip("there is no python3 with mediarelay/seal/testdata/requirements.txt (make deps); the decoder of these tests stands in for it")
	}
	h := newHolder(t, 4096)
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(h.key)
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	input := base64.StdEncoding.EncodeToString(sealed(t, h, "key-2026", "4111111111111111"))
	out, err := exec.Command(python, "testdata/open.py", key, "key-2026", input).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "4111111111111111" {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestWhatIsNoCertificate(t *testing.T) {
	good := newHolder(t, 2048)
	weak := newHolder(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	ec := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	der, _ = x509.MarshalPKIXPublicKey(&good.key.PublicKey)
	bare := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	der, _ = x509.MarshalPKCS8PrivateKey(good.key)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	for _, tt := range []struct {
		name, text string
		ok         bool
	}{
		{"a certificate", good.cert, true},
		{"a certificate on one line", strings.ReplaceAll(good.cert, "\n", " "), true},
		{"a certificate with escaped line breaks", strings.ReplaceAll(good.cert, "\n", `\n`), true},
		{"a certificate with carriage returns", strings.ReplaceAll(good.cert, "\n", "\r\n"), true},
		{"a public key", bare, true},
		{"nothing", "", false},
		{"a word", "certificate", false},
		{"a private key", private, false},
		{"a weak key", weak.cert, false},
		{"an elliptic key", ec, false},
		{"no base64", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", false},
		{"base64 of nothing", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", false},
		{"a megabyte", strings.Repeat(good.cert, 1000), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := seal.Parse(tt.text)
			if (err == nil) != tt.ok {
				t.Fatalf("Parse: %v", err)
			}
			if err != nil {
				if fault.KindOf(err) != fault.Invalid {
					t.Errorf("kind %s", fault.KindOf(err))
				}
				return
			}
			s, err := c.Seal("k", []byte("12"))
			m, _ := base64.StdEncoding.DecodeString(s)
			if got, oerr := good.open("k", m); err != nil || oerr != nil || string(got) != "12" {
				t.Errorf("%q %v %v", got, err, oerr)
			}
		})
	}
	c, _ := seal.Parse(good.cert)
	for name, err := range map[string]error{
		"no key ID": second(c.Seal("", nil)), "too much": second(c.Seal("k", make([]byte, 5000))), "no certificate": second(seal.Certificate{}.Seal("k", nil)),
	} {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second(_ string, err error) error { return err }

func FuzzParse(f *testing.F) {
	h := newHolder(f, 2048)
	f.Add(h.cert)
	f.Add(strings.ReplaceAll(h.cert, "\n", " "))
	f.Add("-----BEGIN PUBLIC KEY-----\nMFk=\n-----END PUBLIC KEY-----")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := seal.Parse(text); err == nil {
			if _, err := c.Seal("k", []byte("1")); err != nil {
				t.Errorf("a certificate that seals nothing: %v", err)
			}
		}
	})
}

// FuzzOpen tries the decoder that the other tests rely on: whatever comes, it
// neither fails nor opens what was not sealed.
func FuzzOpen(f *testing.F) {
	h := newHolder(f, 2048)
	m := sealed(f, h, "k", "1234")
	f.Add(m)
	f.Add(m[:100])
	f.Fuzz(func(t *testing.T, message []byte) {
		if text, err := h.open("k", message); err == nil && string(text) != "1234" {
			t.Errorf("opened %q", text)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	c, err := seal.Parse(newHolder(b, 4096).cert)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := c.Seal("k", []byte("4111111111111111")); err != nil {
			b.Fatal(err)
		}
	}
}
