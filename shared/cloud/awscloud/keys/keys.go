// Package keys is cloud.Keys over KMS: one symmetric key that wraps data keys,
// one P-256 key that signs. It keeps no plain key. Signatures are checked here
// with the public key, so a check costs no request after the first.
package keys

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"huawu/shared/cloud"
	"huawu/shared/cloud/awscloud"
	"huawu/shared/fault"
)

var patience = awscloud.Patience{Answer: 3 * time.Second, Attempts: 4, Backoff: time.Second}

// Keys is a pair of KMS keys. It is safe for use by many goroutines.
type Keys struct {
	kms        *kms.Client
	data, sign *string

	mu     sync.Mutex
	public *ecdsa.PublicKey // of sign, once read: it never changes
}

var _ cloud.Keys = (*Keys)(nil)

// New returns the keys that cfg names. Without cfg.SignKey, Sign and Verify are
// fault.Invalid.
func New(cfg awscloud.Config) (*Keys, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if cfg.DataKey == "" && cfg.SignKey == "" {
		return nil, fault.New(fault.Invalid, "neither %s nor %s is set", awscloud.EnvDataKey, awscloud.EnvSignKey)
	}
	k := &Keys{kms: kms.New(kms.Options{
		Region: cfg.Region, BaseEndpoint: cfg.BaseEndpoint(), Credentials: cfg.Provider(),
		HTTPClient: cfg.HTTPClient(patience), Retryer: patience.Retryer(),
	})}
	if cfg.DataKey != "" {
		k.data = &cfg.DataKey
	}
	if cfg.SignKey != "" {
		k.sign = &cfg.SignKey
	}
	return k, nil
}

// DataKey returns a new key, plain and wrapped.
func (k *Keys) DataKey(ctx context.Context, c cloud.Context) (plain, wrapped []byte, err error) {
	if k.data == nil {
		return nil, nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvDataKey)
	}
	out, err := k.kms.GenerateDataKey(ctx, &kms.GenerateDataKeyInput{KeyId: k.data, KeySpec: types.DataKeySpecAes256, EncryptionContext: c})
	if err != nil {
		return nil, nil, awscloud.Wrap(err, "data key")
	}
	return out.Plaintext, out.CiphertextBlob, nil
}

// Unwrap opens a wrapped key. It names the key, so that one that another
// account's key has wrapped is refused.
func (k *Keys) Unwrap(ctx context.Context, wrapped []byte, c cloud.Context) ([]byte, error) {
	if k.data == nil {
		return nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvDataKey)
	}
	if len(wrapped) == 0 || len(wrapped) > 6144 { // limits of Decrypt
		return nil, fault.New(fault.Invalid, "wrapped key of %d bytes", len(wrapped))
	}
	out, err := k.kms.Decrypt(ctx, &kms.DecryptInput{KeyId: k.data, CiphertextBlob: wrapped, EncryptionContext: c})
	var bad *types.InvalidCiphertextException
	var other *types.IncorrectKeyException
	if errors.As(err, &bad) || errors.As(err, &other) {
		return nil, fault.Wrap(fault.Invalid, err, "unwrap key")
	}
	if err != nil {
		return nil, awscloud.Wrap(err, "unwrap key")
	}
	return out.Plaintext, nil
}

// signature is the ASN.1 form in which KMS returns one (RFC 3279 §2.2.3).
type signature struct{ R, S *big.Int }

// Sign signs the SHA-256 of message.
func (k *Keys) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if k.sign == nil {
		return nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvSignKey)
	}
	sum := sha256.Sum256(message)
	out, err := k.kms.Sign(ctx, &kms.SignInput{KeyId: k.sign, Message: sum[:], MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
	if err != nil {
		return nil, awscloud.Wrap(err, "sign")
	}
	return raw(out.Signature)
}

// raw turns the ASN.1 form into r‖s.
func raw(der []byte) ([]byte, error) {
	var s signature
	rest, err := asn1.Unmarshal(der, &s)
	if err != nil || len(rest) > 0 || !fits(s.R) || !fits(s.S) {
		return nil, fault.New(fault.Internal, "sign: answer is no P-256 signature")
	}
	out := make([]byte, 64)
	s.R.FillBytes(out[:32])
	s.S.FillBytes(out[32:])
	return out, nil
}

func fits(n *big.Int) bool { return n != nil && n.Sign() > 0 && n.BitLen() <= 256 }

// Verify checks a signature of message.
func (k *Keys) Verify(ctx context.Context, message, sig []byte) error {
	public, err := k.publicKey(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(message)
	if len(sig) != 64 || !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return fault.New(fault.Forbidden, "signature does not fit")
	}
	return nil
}

func (k *Keys) publicKey(ctx context.Context) (*ecdsa.PublicKey, error) {
	if k.sign == nil {
		return nil, fault.New(fault.Invalid, "%s is not set", awscloud.EnvSignKey)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.public != nil {
		return k.public, nil
	}
	out, err := k.kms.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: k.sign})
	if err != nil {
		return nil, awscloud.Wrap(err, "read public key")
	}
	parsed, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "read public key")
	}
	public, ok := parsed.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return nil, fault.New(fault.Invalid, "%s is no P-256 key", awscloud.EnvSignKey)
	}
	k.public = public
	return public, nil
}
