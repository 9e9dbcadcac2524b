package webleg

import (
	"encoding/binary"
	"testing"

	"github.com/pion/srtp/v3"
)

// BenchmarkPacket is what the program does to one packet of 20 ms in each
// direction, without the kernel.
func BenchmarkPacket(b *testing.B) {
	for _, bb := range []struct {
		name      string
		profile   srtp.ProtectionProfile
		key, salt int
	}{
		{"GCM", srtp.ProtectionProfileAeadAes128Gcm, 16, 12},
		{"CM-SHA1", srtp.ProtectionProfileAes128CmHmacSha1_80, 16, 14},
	} {
		key, salt := make([]byte, bb.key), make([]byte, bb.salt)
		context := func() *srtp.Context {
			c, err := srtp.CreateContext(key, salt, bb.profile, srtp.SRTPReplayProtection(replayWindow))
			if err != nil {
				b.Fatal(err)
			}
			return c
		}
		plain, buf := make([]byte, 172), make([]byte, 1500)
		plain[0] = 0x80
		count := func(i int) {
			binary.BigEndian.PutUint16(plain[2:], uint16(i))
			binary.BigEndian.PutUint32(plain[4:], uint32(i)*160)
		}
		b.Run(bb.name+"/seal", func(b *testing.B) {
			k := &keys{out: context()}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				count(i)
				if _, err := k.seal(buf, plain); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bb.name+"/open", func(b *testing.B) {
			sender := &keys{out: context()}
			k := &keys{in: context(), streams: map[uint32]struct{}{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				count(i)
				sealed, err := sender.seal(buf, plain)
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if _, err := k.open(sealed); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
