package recording

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"io"

	"huawu/shared/cloud"
	"huawu/shared/fault"
)

// KeySize is the size of a recording's key and of a data key, in bytes.
const KeySize = 32

// Key is the random key of one recording. It is held in memory only.
type Key [KeySize]byte

// NewKey returns a key from random, which is crypto/rand.Reader but in tests.
func NewKey(random io.Reader) (Key, error) {
	var k Key
	if _, err := io.ReadFull(random, k[:]); err != nil {
		return Key{}, fault.Wrap(fault.Internal, err, "recording: make key")
	}
	return k, nil
}

// KeyContext is the encryption context of a tenant's data keys for recordings.
// It is seen in audit trails, so it holds no personal data.
func KeyContext(tenant string) cloud.Context {
	return cloud.Context{"tenant": tenant, "purpose": "recording"}
}

// WrapKey seals k under a data key for s alone. The result goes into the index
// item. Its nonce is random: a data key may wrap 2³² keys.
func WrapKey(dataKey []byte, k Key, s Subject, random io.Reader) ([]byte, error) {
	aead, err := newGCM(dataKey)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+KeySize+aead.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "recording: wrap key")
	}
	return aead.Seal(nonce, nonce, k[:], wrapData(s)), nil
}

// UnwrapKey opens what WrapKey sealed, with the same data key and subject only.
func UnwrapKey(dataKey, wrapped []byte, s Subject) (Key, error) {
	aead, err := newGCM(dataKey)
	if err != nil {
		return Key{}, err
	}
	n := aead.NonceSize()
	if len(wrapped) != n+KeySize+aead.Overhead() {
		return Key{}, fault.Wrap(fault.Invalid, ErrTampered, "wrapped key: wrong size")
	}
	plain, err := aead.Open(nil, wrapped[:n], wrapped[n:], wrapData(s))
	if err != nil {
		return Key{}, fault.Wrap(fault.Invalid, ErrTampered, "wrapped key")
	}
	return Key(plain), nil
}

// wrapData is the additional data of a wrapped key.
func wrapData(s Subject) []byte {
	return append([]byte("huawu recording key 1\x00"), s.bind()...)
}

// derive makes the sealing key and the commitment of one file. GCM alone lets a
// crafted ciphertext open under two keys; the commitment, which stands in the
// header, does not.
func derive(k Key, salt []byte, s Subject) (seal, commit []byte, err error) {
	if seal, err = hkdf.Key(sha256.New, k[:], salt, "huawu recording seal 1\x00"+string(s.bind()), KeySize); err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "recording: derive")
	}
	if commit, err = hkdf.Key(sha256.New, k[:], salt, "huawu recording commit 1\x00"+string(s.bind()), sha256.Size); err != nil {
		return nil, nil, fault.Wrap(fault.Internal, err, "recording: derive")
	}
	return seal, commit, nil
}

func newGCM(key []byte) (cipher.AEAD, error) {
	if len(key) != KeySize {
		return nil, fault.New(fault.Invalid, "recording: key has %d bytes", len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "recording: cipher")
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "recording: cipher")
	}
	return aead, nil
}
