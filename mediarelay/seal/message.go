package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"slices"

	"huawu/shared/fault"
)

// The message format, version 1, and the one algorithm suite that is used: the
// default of the SDK's first version, which Amazon Connect encrypts input with
// and every later version still opens.
// Source: AWS Encryption SDK Developer Guide, "Message format reference" and
// "Algorithms reference".
const (
	version   = 1
	kind      = 0x80   // customer authenticated encrypted data
	suite     = 0x0378 // AES-256-GCM, IV of 12, tag of 16, HKDF with SHA-384, ECDSA P-384
	framed    = 2
	frameLen  = 4096
	ivLen     = 12
	keyLen    = 32
	idLen     = 16
	lastFrame = 0xFFFFFFFF
	signedLen = 103 // of the signature in DER: the SDKs make all alike

	provider  = "AmazonConnect"
	publicKey = "aws-crypto-public-key" // of the encryption context
	lastText  = "AWSKMSEncryptionClient Final Frame"
)

// Seal encrypts text for the certificate's key, which keyID names for whoever
// decrypts, and returns the message in base64.
func (c Certificate) Seal(keyID string, text []byte) (string, error) {
	if c.key == nil || len(text) > maxText || keyID == "" || len(keyID) > maxKey {
		return "", fault.New(fault.Invalid, "seal: no certificate, no key ID, or too much text")
	}
	signer, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "seal: signing key")
	}
	secret, id := random(keyLen), random(idLen)
	defer clear(secret)
	wrapped, err := rsa.EncryptOAEP(sha512.New(), rand.Reader, c.key, secret, nil)
	if err != nil {
		return "", fault.Wrap(fault.Invalid, err, "seal: wrap the data key")
	}
	gcm, err := derive(secret, id)
	if err != nil {
		return "", err
	}
	public, err := compressed(&signer.PublicKey)
	if err != nil {
		return "", err
	}
	m := head(id, keyID, wrapped, public)
	// The header is authenticated by an empty text under an IV of zeros.
	zero := make([]byte, ivLen)
	m = append(append(m, zero...), gcm.Seal(nil, zero, nil, m)...)
	m = append(m, frame(gcm, id, text)...)
	signature, err := sign(signer, m)
	if err != nil {
		return "", err
	}
	m = append(binary.BigEndian.AppendUint16(m, uint16(len(signature))), signature...)
	return base64.StdEncoding.EncodeToString(m), nil
}

// random returns n bytes of the system's generator, which does not fail.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// derive makes the key of this one message.
func derive(secret, id []byte) (cipher.AEAD, error) {
	info := append(binary.BigEndian.AppendUint16(nil, suite), id...)
	key, err := hkdf.Key(sha512.New384, secret, nil, string(info), keyLen)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "seal: derive the key")
	}
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "seal: cipher")
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "seal: cipher")
	}
	return gcm, nil
}

// compressed is a public key as a compressed point (SEC 1 §2.3.3).
func compressed(key *ecdsa.PublicKey) ([]byte, error) {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "seal: signing key")
	}
	x := point[:1+(len(point)-1)/2]
	x[0] = 2 | point[len(point)-1]&1
	return x, nil
}

// head is the header without its authentication.
func head(id []byte, keyID string, wrapped, public []byte) []byte {
	context := binary.BigEndian.AppendUint16(nil, 1) // pairs
	context = field(context, []byte(publicKey))
	context = field(context, []byte(base64.StdEncoding.EncodeToString(public)))

	m := binary.BigEndian.AppendUint16([]byte{version, kind}, suite)
	m = append(m, id...)
	m = field(m, context)
	m = binary.BigEndian.AppendUint16(m, 1) // data keys
	m = field(m, []byte(provider))
	m = field(m, []byte(keyID))
	m = field(m, wrapped)
	m = append(m, framed, 0, 0, 0, 0, ivLen)
	return binary.BigEndian.AppendUint32(m, frameLen)
}

// field appends b after its length.
func field(m, b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(m, uint16(len(b))), b...)
}

// frame is the body: one frame, which is the last.
func frame(gcm cipher.AEAD, id, text []byte) []byte {
	iv := make([]byte, ivLen)
	iv[ivLen-1] = 1
	aad := append(slices.Clone(id), lastText...)
	aad = binary.BigEndian.AppendUint32(aad, 1)
	aad = binary.BigEndian.AppendUint64(aad, uint64(len(text)))

	m := binary.BigEndian.AppendUint32(nil, lastFrame)
	m = binary.BigEndian.AppendUint32(m, 1)
	m = append(m, iv...)
	m = binary.BigEndian.AppendUint32(m, uint32(len(text)))
	return gcm.Seal(m, iv, text, aad)
}

// sign signs header and body. A signature in DER has 101 to 104 bytes; the SDKs
// sign until they have one of 103, which half of all are.
func sign(key *ecdsa.PrivateKey, m []byte) ([]byte, error) {
	digest := sha512.Sum384(m)
	for range 1000 {
		s, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		if err != nil {
			return nil, fault.Wrap(fault.Internal, err, "seal: sign")
		}
		if len(s) == signedLen {
			return s, nil
		}
	}
	return nil, fault.New(fault.Internal, "seal: no signature of %d bytes", signedLen)
}
