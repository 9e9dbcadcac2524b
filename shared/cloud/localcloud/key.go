package localcloud

import (
	"cmp"
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"

	"huawu/shared/cloud"
	"huawu/shared/cloud/localcloud/internal/kv"
	"huawu/shared/fault"
)

// Keys returns the keys.
func (c *Cloud) Keys() cloud.Keys { return (*keys)(c) }

// keys wraps data keys with AES-256-GCM under the master key, with the context
// as additional data. The master key and the signing key are in one file that
// only its owner may read; who has that file and the database has everything.
type keys Cloud

// keyring is the content of the key file.
type keyring struct {
	id      [8]byte // of the master key, in each wrapped key
	master  cipher.AEAD
	signing *ecdsa.PrivateKey
}

const (
	wrapVersion  = 1
	masterBlock  = "HUAWU MASTER KEY"
	signingBlock = "PRIVATE KEY"
	metaKeys     = "keys"
	dataKeyBytes = 32
)

// newKeyFile returns the content of a key file with new keys.
func newKeyFile() ([]byte, error) {
	master := make([]byte, 32)
	_, _ = rand.Read(master) // never fails
	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(signing)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: masterBlock, Bytes: master})
	return append(out, pem.EncodeToMemory(&pem.Block{Type: signingBlock, Bytes: der})...), nil
}

func parseKeyFile(b []byte) (*keyring, error) {
	first, rest := pem.Decode(b)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil || first.Type != masterBlock || second.Type != signingBlock || len(first.Bytes) != 32 {
		return nil, fault.New(fault.Invalid, "key file is damaged")
	}
	block, err := aes.NewCipher(first.Bytes)
	if err != nil {
		return nil, err
	}
	r := &keyring{}
	if r.master, err = cipher.NewGCM(block); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte("huawu key id"), first.Bytes...))
	copy(r.id[:], sum[:])
	parsed, err := x509.ParsePKCS8PrivateKey(second.Bytes)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "key file is damaged")
	}
	var ok bool
	if r.signing, ok = parsed.(*ecdsa.PrivateKey); !ok || r.signing.Curve != elliptic.P256() {
		return nil, fault.New(fault.Invalid, "key file: no P-256 key")
	}
	return r, nil
}

// loadKeys reads the key file, or makes one. In memory the store has it.
func (c *Cloud) loadKeys() error {
	b, err := c.keyFile()
	if err == nil {
		c.keyring, err = parseKeyFile(b)
	}
	return err
}

func (c *Cloud) keyFile() ([]byte, error) {
	if c.opt.Dir != "" {
		return diskKeyFile(filepath.Join(c.opt.Dir, "master.key"))
	}
	var b []byte
	err := c.store.Update(func(tx kv.Tx) error {
		if b = tx.Get(spaceMeta, []byte(metaKeys)); b != nil {
			return nil
		}
		var err error
		if b, err = newKeyFile(); err == nil {
			tx.Put(spaceMeta, []byte(metaKeys), b)
		}
		return err
	})
	return b, err
}

// diskKeyFile reads or makes the key file. It refuses one that others may read:
// a backup or a careless copy is how keys leak.
func diskKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeyFile(path)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fault.New(fault.Forbidden, "key file %s can be read by others: chmod 600", path)
	}
	return os.ReadFile(path)
}

// makeKeyFile writes the file whole or not at all: without it nothing that was
// sealed can ever be opened again.
func makeKeyFile(path string) ([]byte, error) {
	b, err := newKeyFile()
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "master.key.*") // mode 0600
	if err != nil {
		return nil, err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()))
	}
	return b, syncDir(filepath.Dir(path))
}

// contextData is the one form of a context; nil and empty are the same.
func contextData(c cloud.Context) []byte {
	var b []byte
	for _, name := range slices.Sorted(maps.Keys(c)) {
		b = append(binary.AppendUvarint(b, uint64(len(name))), name...)
		b = append(binary.AppendUvarint(b, uint64(len(c[name]))), c[name]...)
	}
	return b
}

func (k *keys) begin(ctx context.Context, op Op) (Verdict, error) {
	v, err := (*Cloud)(k).begin(ctx, Call{Op: op})
	if err == nil && v == Throttle {
		err = throttled(op)
	}
	return v, err
}

// DataKey implements cloud.Keys.
func (k *keys) DataKey(ctx context.Context, c cloud.Context) (plain, wrapped []byte, err error) {
	v, err := k.begin(ctx, OpDataKey)
	if err != nil {
		return nil, nil, err
	}
	plain = make([]byte, dataKeyBytes)
	_, _ = rand.Read(plain)
	nonce := make([]byte, k.keyring.master.NonceSize())
	_, _ = rand.Read(nonce)
	wrapped = append([]byte{wrapVersion}, k.keyring.id[:]...)
	wrapped = append(wrapped, nonce...)
	wrapped = k.keyring.master.Seal(wrapped, nonce, plain, contextData(c))
	if err := cmp.Or(lost(OpDataKey, v), (*Cloud)(k).alive()); err != nil {
		return nil, nil, err
	}
	return plain, wrapped, nil
}

// Unwrap implements cloud.Keys.
func (k *keys) Unwrap(ctx context.Context, wrapped []byte, c cloud.Context) ([]byte, error) {
	v, err := k.begin(ctx, OpUnwrap)
	if err != nil {
		return nil, err
	}
	head, size := 1+len(k.keyring.id), k.keyring.master.NonceSize()
	if len(wrapped) < head+size || wrapped[0] != wrapVersion || string(wrapped[1:head]) != string(k.keyring.id[:]) {
		return nil, fault.New(fault.Invalid, "unwrap: not wrapped by this key")
	}
	plain, err := k.keyring.master.Open(nil, wrapped[head:head+size], wrapped[head+size:], contextData(c))
	if err != nil {
		return nil, fault.New(fault.Invalid, "unwrap: another context, or changed bytes")
	}
	return plain, cmp.Or(lost(OpUnwrap, v), (*Cloud)(k).alive())
}

// Sign implements cloud.Keys.
func (k *keys) Sign(ctx context.Context, message []byte) ([]byte, error) {
	v, err := k.begin(ctx, OpSign)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(message)
	der, err := k.keyring.signing.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "sign")
	}
	var s struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &s); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "sign")
	}
	sig := make([]byte, 64)
	s.R.FillBytes(sig[:32])
	s.S.FillBytes(sig[32:])
	return sig, cmp.Or(lost(OpSign, v), (*Cloud)(k).alive())
}

// Verify implements cloud.Keys.
func (k *keys) Verify(ctx context.Context, message, sig []byte) error {
	v, err := k.begin(ctx, OpVerify)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(message)
	if len(sig) != 64 || !ecdsa.Verify(&k.keyring.signing.PublicKey, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return fault.New(fault.Forbidden, "verify: not our signature of this message")
	}
	return cmp.Or(lost(OpVerify, v), (*Cloud)(k).alive())
}
