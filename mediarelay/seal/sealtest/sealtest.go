// Package sealtest opens what mediarelay/seal has sealed. It is written from the
// public description of the AWS Encryption SDK's message format, not from the
// writer, so that the two check each other. It decides nothing and is for tests.
package sealtest

import (
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
	"testing"
	"time"
)

// Holder has the private key, and opens messages as the published sample does:
// provider AmazonConnect, a key ID, RSA OAEP with SHA-512 and MGF1.
type Holder struct {
	Key         *rsa.PrivateKey
	Certificate string // X.509, PEM
}

// New makes a key of so many bits and a certificate of it that expired long
// ago. Without t it panics where it would fail the test.
func New(t testing.TB, bits int) Holder {
	if t != nil {
		t.Helper()
	}
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
	return Holder{key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
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

// Open decrypts a message for a key ID and checks all that can be checked.
func (h Holder) Open(keyID string, message []byte) (text []byte, err error) {
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
	secret, err := rsa.DecryptOAEP(sha512.New(), nil, h.Key, wrapped, nil)
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
