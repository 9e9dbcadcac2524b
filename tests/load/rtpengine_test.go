//go:build linux

package load

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rtpengine is the relay that others use, in user space as on Fargate.
type rtpengine struct {
	cmd  *exec.Cmd
	ng   net.Conn
	seq  int
	runs int
}

func startRTPEngine(ctx context.Context) (relay, error) {
	program, err := exec.LookPath("rtpengine")
	if err != nil {
		return nil, fmt.Errorf("rtpengine is not installed: apt-get install rtpengine-daemon")
	}
	probe, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	control := probe.LocalAddr().String()
	_ = probe.Close()
	r := &rtpengine{cmd: exec.CommandContext(ctx, program, "--config-file=none", "--table=-1", "--interface=127.0.0.1", "--listen-ng="+control,
		"--port-min=50000", "--port-max=59999", "--num-threads=1", "--foreground", "--log-stderr", "--log-level=3", "--pidfile="+filepath.Join(os.TempDir(), fmt.Sprintf("huawu-load-%d.pid", os.Getpid())))}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	if r.ng, err = net.Dial("udp4", control); err != nil {
		return nil, err
	}
	for range 50 {
		if _, err = r.do(map[string]any{"command": "ping"}); err == nil {
			return r, nil
		}
		<-time.After(100 * time.Millisecond)
	}
	r.stop()
	return nil, fmt.Errorf("rtpengine does not answer: %w", err)
}

func (r *rtpengine) pid() int { return r.cmd.Process.Pid }

func (r *rtpengine) stop() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

func (r *rtpengine) connect(legs []leg) error {
	r.runs++
	for i := 0; i < len(legs); i += 2 {
		id := fmt.Sprintf("%d-%d", r.runs, i)
		base := func(command string, from netip.AddrPort) map[string]any {
			return map[string]any{"command": command, "call-id": id, "from-tag": "a" + id, "ICE": "remove", "rtcp-mux": []any{"require"},
				"flags": []any{"trust-address"}, "sdp": sdp(from)}
		}
		offer := base("offer", legs[i].Gen)
		at, err := r.do(offer)
		if err != nil {
			return err
		}
		legs[i+1].Relay = at
		answer := base("answer", legs[i+1].Gen)
		answer["to-tag"] = "b" + id
		if legs[i].Relay, err = r.do(answer); err != nil {
			return err
		}
	}
	return nil
}

func sdp(a netip.AddrPort) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\na=sendrecv\r\n", a.Addr(), a.Addr(), a.Port())
}

var (
	mediaLine = regexp.MustCompile(`m=audio (\d+) `)
	hostLine  = regexp.MustCompile(`c=IN IP4 ([0-9.]+)`)
)

// do sends a command of the NG protocol and returns the address in the SDP of
// the answer, if it has one.
func (r *rtpengine) do(args map[string]any) (at netip.AddrPort, err error) {
	r.seq++
	cookie := fmt.Sprintf("c%d ", r.seq)
	if _, err := r.ng.Write(append([]byte(cookie), bencode(args)...)); err != nil {
		return at, err
	}
	_ = r.ng.SetReadDeadline(time.Now().Add(2 * time.Second))
	var buf [65536]byte
	for {
		n, err := r.ng.Read(buf[:])
		if err != nil {
			return at, err
		}
		answer, ours := bytes.CutPrefix(buf[:n], []byte(cookie))
		if !ours {
			continue
		}
		if bytes.Contains(answer, []byte("6:result5:error")) {
			return at, fmt.Errorf("rtpengine: %s", answer)
		}
		port, host := mediaLine.FindSubmatch(answer), hostLine.FindSubmatch(answer)
		if port == nil || host == nil {
			return at, nil
		}
		return netip.ParseAddrPort(string(host[1]) + ":" + string(port[1]))
	}
}

func bencode(v any) []byte {
	switch v := v.(type) {
	case string:
		return []byte(strconv.Itoa(len(v)) + ":" + v)
	case []any:
		b := []byte{'l'}
		for _, e := range v {
			b = append(b, bencode(e)...)
		}
		return append(b, 'e')
	case map[string]any:
		var keys []string
		for k := range v {
			keys = append(keys, k)
		}
		slices.SortFunc(keys, strings.Compare)
		b := []byte{'d'}
		for _, k := range keys {
			b = append(append(b, bencode(k)...), bencode(v[k])...)
		}
		return append(b, 'e')
	}
	return nil
}
