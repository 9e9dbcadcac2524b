package onebox

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// A browser opens connections ahead, and asks nothing on them.
func TestAConnectionThatAsksNothingDoesNotHoldACentre(t *testing.T) {
	free := netip.MustParseAddrPort("127.0.0.1:0")
	b, err := Start(t.Context(), Config{Data: t.TempDir(), HTTP: free, SIP: free, Admin: free, Fast: true, DrainWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(b.Info().URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ctx); err != nil {
		t.Errorf("Run = %v", err)
	}
}
