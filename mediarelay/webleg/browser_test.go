package webleg

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/pion/webrtc/v4"

	"huawu/mediarelay/media/g711"
)

// browser is a page as a browser runs it: SIP by WebSocket, full ICE, DTLS-SRTP.
type browser struct {
	t       *testing.T
	ws      *websocket.Conn
	user    string
	regID   string // Call-ID of its REGISTERs: as long as the page lives
	contact string
	cseq    int
	inbox   chan *sipMessage
	stop    context.CancelFunc
	done    sync.WaitGroup
	closed  chan websocket.StatusCode

	pc    *webrtc.PeerConnection
	mouth *mouth
	ear   *ear
	udp   *net.UDPConn

	dialog sipDialog
}

// sipDialog is what the browser remembers of its call.
type sipDialog struct {
	callID, local, remote, target string
	seq                           int
}

// sipMessage is a message, split.
type sipMessage struct {
	first   string
	headers []string // "name: value"
	body    string
}

func (m *sipMessage) get(name string) string {
	for _, h := range m.headers {
		n, v, _ := strings.Cut(h, ":")
		if strings.EqualFold(strings.TrimSpace(n), name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

func (m *sipMessage) all(name string) (all []string) {
	for _, h := range m.headers {
		if n, _, _ := strings.Cut(h, ":"); strings.EqualFold(strings.TrimSpace(n), name) {
			all = append(all, h)
		}
	}
	return all
}

func splitSIP(b []byte) *sipMessage {
	head, body, _ := strings.Cut(string(b), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	return &sipMessage{first: lines[0], headers: lines[1:], body: body}
}

// openSocket opens a WebSocket as a page does.
func openSocket(at, origin, ticket, protocol string) (*websocket.Conn, *http.Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return websocket.Dial(ctx, "ws://"+at+"/sip?ticket="+ticket, &websocket.DialOptions{
		Subprotocols: []string{protocol}, HTTPHeader: http.Header{"Origin": {origin}},
	})
}

// page opens a socket as a user's page.
func (b *bed) page(who Identity) *browser {
	b.t.Helper()
	p := &browser{t: b.t, user: who.User, regID: word(), contact: fmt.Sprintf("<sip:%s@%s.invalid;transport=ws>", word(), word())}
	b.connect(p, who)
	return p
}

// connect opens a page's socket, its first or another one.
func (b *bed) connect(p *browser, who Identity) {
	b.t.Helper()
	ticket, err := b.box.Issue(who)
	if err != nil {
		b.t.Fatal(err)
	}
	ws, _, err := openSocket(b.at, "http://"+b.at, ticket, "sip")
	if err != nil {
		b.t.Fatal(err)
	}
	ws.SetReadLimit(1 << 20)
	ctx, stop := context.WithCancel(context.Background())
	inbox, closed := make(chan *sipMessage, 1000), make(chan websocket.StatusCode, 1)
	p.ws, p.stop, p.inbox, p.closed = ws, stop, inbox, closed
	p.done.Go(func() {
		for {
			_, raw, err := ws.Read(ctx)
			if err != nil {
				closed <- websocket.CloseStatus(err)
				return
			}
			select {
			case inbox <- splitSIP(raw):
			default: // a flood's answers
			}
		}
	})
	b.t.Cleanup(func() { stop(); _ = ws.CloseNow(); p.done.Wait() })
}

// leave is what a browser does when its page is closed or reloaded.
func (p *browser) leave() {
	_ = p.ws.CloseNow()
	if p.pc != nil {
		_ = p.pc.Close()
	}
}

// closing is the status that the socket was closed with.
func (p *browser) closing() websocket.StatusCode {
	p.t.Helper()
	select {
	case code := <-p.closed:
		return code
	case <-time.After(30 * time.Second):
		p.t.Fatal("the socket stays open")
		return 0
	}
}

func word() string { return fmt.Sprintf("%08x", rand.Uint32()) }

func (p *browser) write(m string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := p.ws.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
		p.t.Errorf("write: %v", err)
	}
}

// next is the next message that fits; others are put aside by answering what
// must be answered.
func (p *browser) next(what string, fits func(*sipMessage) bool) *sipMessage {
	p.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case m := <-p.inbox:
			if fits(m) {
				return m
			}
		case <-late:
			p.t.Fatalf("%s did not come", what)
		}
	}
}

func (p *browser) response(code int, method string) *sipMessage {
	p.t.Helper()
	return p.next(fmt.Sprintf("%d to %s", code, method), func(m *sipMessage) bool {
		return strings.HasPrefix(m.first, fmt.Sprintf("SIP/2.0 %d ", code)) && strings.HasSuffix(m.get("CSeq"), " "+method)
	})
}

// status is the next final response to a method.
func (p *browser) status(method string) (code int) {
	p.t.Helper()
	p.next("response to "+method, func(m *sipMessage) bool {
		_, _ = fmt.Sscanf(m.first, "SIP/2.0 %d ", &code)
		return code >= 200 && strings.HasSuffix(m.get("CSeq"), " "+method)
	})
	return code
}

func (p *browser) request(method string) *sipMessage {
	p.t.Helper()
	return p.next(method, func(m *sipMessage) bool { return strings.HasPrefix(m.first, method+" ") })
}

func (p *browser) register(user string, expires int) int {
	p.t.Helper()
	p.cseq++
	p.write(fmt.Sprintf("REGISTER sip:huawu SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nTo: <sip:%s@huawu>\r\n"+
		"From: <sip:%s@huawu>;tag=%s\r\nCall-ID: %s\r\nCSeq: %d REGISTER\r\nContact: %s;+sip.instance=\"<urn:uuid:%s>\";expires=%d\r\nExpires: %d\r\n"+
		"Content-Length: 0\r\n\r\n", word(), user, user, word(), p.regID, p.cseq, p.contact, p.regID, expires, expires))
	return p.status("REGISTER")
}

// reply answers a request.
func (p *browser) reply(req *sipMessage, status, body string) {
	p.t.Helper()
	to := req.get("To")
	if !strings.Contains(to, "tag=") {
		to += ";tag=" + p.dialog.local
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	p.write("SIP/2.0 " + status + "\r\n" + strings.Join(req.all("Via"), "\r\n") + "\r\nFrom: " + req.get("From") + "\r\nTo: " + to +
		"\r\nCall-ID: " + req.get("Call-ID") + "\r\nCSeq: " + req.get("CSeq") + "\r\nContact: " + p.contact + "\r\n" + kind +
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

// send sends a request within the dialog, or the INVITE that begins one.
func (p *browser) send(method, body string) {
	p.t.Helper()
	d := &p.dialog
	if method != "ACK" {
		d.seq++
	}
	to := "<sip:huawu>"
	if d.remote != "" {
		to += ";tag=" + d.remote
	}
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	p.write(fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/WS x.invalid;branch=z9hG4bK%s\r\nMax-Forwards: 70\r\nTo: %s\r\nFrom: <sip:%s@huawu>;tag=%s\r\n"+
		"Call-ID: %s\r\nCSeq: %d %s\r\nContact: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		method, d.target, word(), to, p.user, d.local, d.callID, d.seq, method, p.contact, kind, len(body), body))
}

// connection makes the WebRTC side, with a tone as its microphone.
func (p *browser) connection(hertz float64, certs ...webrtc.Certificate) {
	p.t.Helper()
	m := &webrtc.MediaEngine{}
	for pt, mime := range map[webrtc.PayloadType]string{0: webrtc.MimeTypePCMU, 8: webrtc.MimeTypePCMA, 126: "audio/telephone-event"} {
		c := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 8000}, PayloadType: pt}
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			p.t.Fatal(err)
		}
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	se.LoggerFactory = quiet()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		p.t.Fatal(err)
	}
	mux := webrtc.NewICEUDPMux(quiet().NewLogger("mux"), udp)
	se.SetICEUDPMux(mux)
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{Certificates: certs})
	if err != nil {
		p.t.Fatal(err)
	}
	microphone, heard := newMouth(hertz), &ear{}
	p.pc, p.mouth, p.ear, p.udp = pc, microphone, heard, udp
	if _, err := pc.AddTrack(p.mouth); err != nil {
		p.t.Fatal(err)
	}
	pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { heard.listen(r) })
	p.t.Cleanup(func() { _ = pc.Close(); microphone.close(); _ = mux.Close() })
}

func (p *browser) offer(o *webrtc.OfferOptions) string {
	p.t.Helper()
	d, err := p.pc.CreateOffer(o)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.local(d)
}

// local sets our description and returns it with all candidates.
func (p *browser) local(d webrtc.SessionDescription) string {
	p.t.Helper()
	all := webrtc.GatheringCompletePromise(p.pc)
	if err := p.pc.SetLocalDescription(d); err != nil {
		p.t.Fatal(err)
	}
	<-all
	return p.pc.LocalDescription().SDP
}

func (p *browser) remote(kind webrtc.SDPType, sdp string) {
	p.t.Helper()
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
		p.t.Fatalf("%v in\n%s", err, sdp)
	}
}

// answer takes a call from the relay; edit may change our answer.
func (p *browser) answer(hertz float64, edit func(string) string) *sipMessage {
	p.t.Helper()
	invite := p.request("INVITE")
	p.dialog = sipDialog{callID: invite.get("Call-ID"), local: word(), remote: tagOf(invite.get("From")), target: uriOf(invite.get("Contact")), seq: 1000}
	p.reply(invite, "180 Ringing", "")
	p.connection(hertz)
	p.remote(webrtc.SDPTypeOffer, invite.body)
	d, err := p.pc.CreateAnswer(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	sdp := p.local(d)
	if edit != nil {
		sdp = edit(sdp)
	}
	p.reply(invite, "200 OK", sdp)
	p.request("ACK")
	return invite
}

// call begins a call; the answer is taken when it comes.
func (p *browser) call(hertz float64) int {
	p.t.Helper()
	p.dialog = sipDialog{callID: word(), local: word(), target: "sip:anything@huawu"}
	p.connection(hertz)
	p.send("INVITE", p.offer(nil))
	var res *sipMessage
	code := 0
	res = p.next("final response", func(m *sipMessage) bool {
		_, _ = fmt.Sscanf(m.first, "SIP/2.0 %d ", &code)
		return code >= 200 && strings.HasSuffix(m.get("CSeq"), " INVITE")
	})
	if code != 200 {
		return code
	}
	p.dialog.remote, p.dialog.target = tagOf(res.get("To")), uriOf(res.get("Contact"))
	p.send("ACK", "")
	p.remote(webrtc.SDPTypeAnswer, res.body)
	return code
}

// reinvite makes a new offer and returns the answer.
func (p *browser) reinvite(sdp string) string {
	p.t.Helper()
	p.send("INVITE", sdp)
	res := p.response(200, "INVITE")
	p.send("ACK", "")
	return res.body
}

func tagOf(h string) string {
	_, tag, _ := strings.Cut(h, "tag=")
	tag, _, _ = strings.Cut(tag, ";")
	return tag
}

func uriOf(h string) string {
	_, uri, _ := strings.Cut(h, "<")
	uri, _, _ = strings.Cut(uri, ">")
	return uri
}

// mouth is a microphone: a webrtc.TrackLocal that sends a tone, and digits with
// the payload type of telephone-event.
type mouth struct {
	mu    sync.Mutex
	out   webrtc.TrackLocalWriter
	ssrc  uint32
	pt    uint8
	seq   uint16
	ts    uint32
	hertz float64
	at    int
	off   bool
	stop  chan struct{}
	done  sync.WaitGroup
}

func newMouth(hertz float64) *mouth {
	m := &mouth{hertz: hertz, stop: make(chan struct{}), seq: uint16(rand.Uint32()), ts: rand.Uint32()}
	m.done.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				m.frame()
			case <-m.stop:
				return
			}
		}
	})
	return m
}

func (m *mouth) close() {
	close(m.stop)
	m.done.Wait()
}

func (m *mouth) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	codec := c.CodecParameters()[0]
	m.out, m.ssrc, m.pt = c.WriteStream(), uint32(c.SSRC()), uint8(codec.PayloadType)
	return codec, nil
}

func (m *mouth) Unbind(webrtc.TrackLocalContext) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.out = nil
	return nil
}

func (m *mouth) ID() string                { return "audio" }
func (m *mouth) RID() string               { return "" }
func (m *mouth) StreamID() string          { return "mic" }
func (m *mouth) Kind() webrtc.RTPCodecType { return webrtc.RTPCodecTypeAudio }

func (m *mouth) frame() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.out == nil || m.off {
		return
	}
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(9000 * math.Sin(2*math.Pi*m.hertz*float64(m.at+i)/8000))
	}
	m.at += 160
	payload := g711.EncodeMuTo(nil, pcm)
	if m.pt == 8 {
		payload = g711.EncodeATo(nil, pcm)
	}
	m.put(m.pt, m.ts, payload)
	m.ts += 160
}

func (m *mouth) put(pt uint8, ts uint32, payload []byte) {
	b := make([]byte, 12, 200)
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], m.seq)
	binary.BigEndian.PutUint32(b[4:], ts)
	binary.BigEndian.PutUint32(b[8:], m.ssrc)
	m.seq++
	_, _ = m.out.Write(append(b, payload...))
}

// press sends one digit.
func (m *mouth) press(digit byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ts := m.ts
	for i := 1; i <= 8; i++ {
		end := byte(10)
		if i > 5 {
			end |= 0x80
		}
		m.put(126, ts, []byte{digit, end, byte(i * 160 >> 8), byte(i * 160)})
	}
	m.ts += 1280
}

// ear keeps the last second of what the browser hears.
type ear struct {
	mu  sync.Mutex
	pcm []int16
	n   int
}

func (e *ear) listen(r *webrtc.TrackRemote) {
	for {
		pkt, _, err := r.ReadRTP()
		if err != nil {
			return
		}
		switch pkt.PayloadType {
		case 0:
			e.add(g711.DecodeMuTo(nil, pkt.Payload))
		case 8:
			e.add(g711.DecodeATo(nil, pkt.Payload))
		}
	}
}

func (e *ear) add(pcm []int16) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pcm = append(e.pcm, pcm...)
	e.n++
	if n := len(e.pcm); n > 8000 {
		e.pcm = append([]int16(nil), e.pcm[n-8000:]...)
	}
}

// hears reports whether the last 0.2 s are a tone.
func (e *ear) hears(hertz float64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(e.pcm)
	return n >= 1600 && strength(e.pcm[n-1600:], hertz) > 5000
}

func (e *ear) clear() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pcm = nil
}

// strength is the amplitude of a frequency in pcm, by a Goertzel filter.
func strength(pcm []int16, hertz float64) float64 {
	c := 2 * math.Cos(2*math.Pi*hertz/8000)
	var a, b float64
	for _, s := range pcm {
		a, b = c*a-b+float64(s), a
	}
	return 2 * math.Sqrt(math.Max(0, a*a+b*b-c*a*b)) / float64(len(pcm))
}
