package webleg

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	_ "crypto/sha512" // of the fingerprints that browsers may use
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"io"
	"math/big"
	"net"
	"strings"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/logging"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"

	"huawu/shared/fault"
)

// replayWindow is how far back a packet is told from a repeated one.
const replayWindow = 128

// hashes are those of prints.
var hashes = map[string]crypto.Hash{"sha-256": crypto.SHA256, "sha-384": crypto.SHA384, "sha-512": crypto.SHA512}

// profiles are what SRTP may use, the best first: GCM costs a third.
var profiles = []dtls.SRTPProtectionProfile{
	dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80,
}

// certificate makes our certificate of this process, and its fingerprint. It is
// known by the fingerprint only, so its names and dates mean nothing.
func certificate() (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", fault.Wrap(fault.Internal, err, "webleg: make key")
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return tls.Certificate{}, "", fault.Wrap(fault.Internal, err, "webleg: make serial")
	}
	now := time.Now()
	form := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "huawu"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(1, 0, 0),
	}
	raw, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, "", fault.Wrap(fault.Internal, err, "webleg: make certificate")
	}
	sum := sha256.Sum256(raw)
	pairs := make([]string, len(sum))
	for i, b := range sum {
		pairs[i] = strings.ToUpper(hex.EncodeToString([]byte{b}))
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, "sha-256 " + strings.Join(pairs, ":"), nil
}

// secure prepares DTLS with the browser that a description promised: nobody
// else has a certificate with that fingerprint (RFC 5763 §5).
func (s *Server) secure(p *pipe, d *described, client bool) (*dtls.Conn, error) {
	verify := func(raw [][]byte, _ [][]*x509.Certificate) error {
		if len(raw) == 0 {
			return fault.New(fault.Forbidden, "webleg: no certificate")
		}
		h := hashes[d.hash].New()
		h.Write(raw[0])
		if !bytes.Equal(h.Sum(nil), d.print) {
			s.count.impostors.Add(1)
			return fault.New(fault.Forbidden, "webleg: fingerprint is another")
		}
		return nil
	}
	if client {
		return dtls.ClientWithOptions(p, p.RemoteAddr(),
			dtls.WithCertificates(s.cert), dtls.WithSRTPProtectionProfiles(profiles...), dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
			dtls.WithInsecureSkipVerify(true), // the fingerprint is checked instead of a chain
			dtls.WithVerifyPeerCertificate(verify), dtls.WithFlightInterval(flightEvery), dtls.WithLoggerFactory(quiet()))
	}
	return dtls.ServerWithOptions(p, p.RemoteAddr(),
		dtls.WithCertificates(s.cert), dtls.WithSRTPProtectionProfiles(profiles...), dtls.WithExtendedMasterSecret(dtls.RequireExtendedMasterSecret),
		dtls.WithClientAuth(dtls.RequireAnyClientCert), dtls.WithVerifyPeerCertificate(verify),
		dtls.WithInsecureSkipVerifyHello(true), // ICE has shown that the browser hears us
		dtls.WithFlightInterval(flightEvery), dtls.WithLoggerFactory(quiet()))
}

// flightEvery is when a lost part of the handshake is sent again, at first.
const flightEvery = 200 * time.Millisecond

// maxStreams bounds the SSRCs of one connection: SRTP keeps a state for each. A
// browser uses a new one when its microphone changes.
const maxStreams = 64

// keys encrypt and decrypt one connection's SRTP (RFC 3711, 5764, 7714). in is
// used by the one reader, out by the one writer.
type keys struct {
	profile         srtp.ProtectionProfile
	in, out         *srtp.Context
	inHead, outHead rtp.Header
	streams         map[uint32]struct{}
	plain           [1500]byte
}

func newKeys(c *dtls.Conn, client bool) (*keys, error) {
	profile, ok := c.SelectedSRTPProtectionProfile()
	state, up := c.ConnectionState()
	if !ok || !up {
		return nil, fault.New(fault.Forbidden, "webleg: no SRTP agreed")
	}
	cfg := srtp.Config{Profile: srtp.ProtectionProfile(profile)}
	if err := cfg.ExtractSessionKeysFromDTLS(&state, client); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "webleg: keys")
	}
	k := &keys{profile: cfg.Profile, streams: map[uint32]struct{}{}}
	var err error
	if k.in, err = srtp.CreateContext(cfg.Keys.RemoteMasterKey, cfg.Keys.RemoteMasterSalt, cfg.Profile,
		srtp.SRTPReplayProtection(replayWindow), srtp.SRTCPReplayProtection(replayWindow)); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "webleg: keys")
	}
	if k.out, err = srtp.CreateContext(cfg.Keys.LocalMasterKey, cfg.Keys.LocalMasterSalt, cfg.Profile); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "webleg: keys")
	}
	return k, nil
}

// isRTCP tells RTCP from RTP on one port (RFC 5761 §4).
func isRTCP(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }

// open decrypts a packet; what it returns is good until the next call.
func (k *keys) open(b []byte) ([]byte, error) {
	if len(b) < 12 || len(b) > len(k.plain) {
		return nil, errForged
	}
	rtcp, at := isRTCP(b), 8
	if rtcp {
		at = 4
	}
	ssrc := binary.BigEndian.Uint32(b[at:])
	_, known := k.streams[ssrc]
	if !known && len(k.streams) >= maxStreams {
		return nil, errForged
	}
	var plain []byte
	var err error
	if rtcp {
		plain, err = k.in.DecryptRTCP(k.plain[:0], b, nil)
	} else {
		plain, err = k.in.DecryptRTP(k.plain[:0], b, &k.inHead)
	}
	if err == nil && !known {
		k.streams[ssrc] = struct{}{}
	}
	return plain, err
}

var errForged = fault.New(fault.Forbidden, "webleg: packet is not the browser's")

// seal encrypts a packet into buf.
func (k *keys) seal(buf, b []byte) ([]byte, error) {
	if isRTCP(b) {
		return k.out.EncryptRTCP(buf[:0], b, nil)
	}
	return k.out.EncryptRTP(buf[:0], b, &k.outHead)
}

// quiet makes pion keep what it has to say to itself: it would name addresses.
func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled, ScopeLevels: map[string]logging.LogLevel{}}
}

// address is what DTLS takes for the browser's: ICE knows the true one.
type address struct{}

func (address) Network() string { return "udp" }
func (address) String() string  { return "browser" }

var _ net.Addr = address{}
