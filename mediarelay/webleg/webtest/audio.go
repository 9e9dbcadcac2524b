package webtest

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// Microphone makes the WebRTC side, with a tone as its microphone.
func (p *Page) Microphone(hertz float64, certs ...webrtc.Certificate) {
	p.T.Helper()
	m := &webrtc.MediaEngine{}
	for pt, mime := range map[webrtc.PayloadType]string{0: webrtc.MimeTypePCMU, 8: webrtc.MimeTypePCMA, 126: "audio/telephone-event"} {
		c := webrtc.RTPCodecParameters{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: mime, ClockRate: 8000}, PayloadType: pt}
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			p.T.Fatal(err)
		}
	}
	var se webrtc.SettingEngine
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetIPFilter(func(ip net.IP) bool { return ip.IsLoopback() })
	se.LoggerFactory = quiet()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		p.T.Fatal(err)
	}
	mux := webrtc.NewICEUDPMux(quiet().NewLogger("mux"), udp)
	se.SetICEUDPMux(mux)
	pc, err := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se)).NewPeerConnection(webrtc.Configuration{Certificates: certs})
	if err != nil {
		p.T.Fatal(err)
	}
	microphone, heard := newMouth(hertz), &Ear{}
	p.PC, p.Mouth, p.Ear, p.UDP = pc, microphone, heard, udp
	if _, err := pc.AddTrack(p.Mouth); err != nil {
		p.T.Fatal(err)
	}
	pc.OnTrack(func(r *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { heard.listen(r) })
	p.T.Cleanup(func() { _ = pc.Close(); microphone.close(); _ = mux.Close() })
}

// Offer makes an offer with all candidates.
func (p *Page) Offer(o *webrtc.OfferOptions) string {
	p.T.Helper()
	d, err := p.PC.CreateOffer(o)
	if err != nil {
		p.T.Fatal(err)
	}
	return p.Local(d)
}

// Local sets our description and returns it with all candidates.
func (p *Page) Local(d webrtc.SessionDescription) string {
	p.T.Helper()
	all := webrtc.GatheringCompletePromise(p.PC)
	if err := p.PC.SetLocalDescription(d); err != nil {
		p.T.Fatal(err)
	}
	<-all
	return p.PC.LocalDescription().SDP
}

// Remote sets the relay's description.
func (p *Page) Remote(kind webrtc.SDPType, sdp string) {
	p.T.Helper()
	if err := p.PC.SetRemoteDescription(webrtc.SessionDescription{Type: kind, SDP: sdp}); err != nil {
		p.T.Fatalf("%v in\n%s", err, sdp)
	}
}

// Answer takes a call from the relay with a tone for a voice, and returns the
// INVITE; edit, if not nil, may change our answer.
func (p *Page) Answer(hertz float64, edit func(string) string) *Message {
	p.T.Helper()
	invite := p.Request("INVITE")
	p.Dialog = Dialog{CallID: invite.Get("Call-ID"), Local: Word(), Remote: tagOf(invite.Get("From")), Target: uriOf(invite.Get("Contact")), Seq: 1000}
	p.Reply(invite, "180 Ringing", "")
	p.Microphone(hertz)
	p.Remote(webrtc.SDPTypeOffer, invite.Body)
	d, err := p.PC.CreateAnswer(nil)
	if err != nil {
		p.T.Fatal(err)
	}
	sdp := p.Local(d)
	if edit != nil {
		sdp = edit(sdp)
	}
	p.Reply(invite, "200 OK", sdp)
	p.Request("ACK")
	return invite
}

// Call begins a call with a tone for a voice and returns the final status; a 200
// is acknowledged.
func (p *Page) Call(hertz float64) int {
	p.T.Helper()
	p.Dialog = Dialog{CallID: Word(), Local: Word(), Target: "sip:anything@huawu"}
	p.Microphone(hertz)
	p.Send("INVITE", p.Offer(nil))
	code := 0
	res := p.Next("final response", func(m *Message) bool {
		_, _ = fmt.Sscanf(m.First, "SIP/2.0 %d ", &code)
		return code >= 200 && strings.HasSuffix(m.Get("CSeq"), " INVITE")
	})
	if code != 200 {
		return code
	}
	p.Dialog.Remote, p.Dialog.Target = tagOf(res.Get("To")), uriOf(res.Get("Contact"))
	p.Send("ACK", "")
	p.Remote(webrtc.SDPTypeAnswer, res.Body)
	return code
}

// Reinvite makes a new offer and returns the answer.
func (p *Page) Reinvite(sdp string) string {
	p.T.Helper()
	p.Send("INVITE", sdp)
	res := p.Response(200, "INVITE")
	p.Send("ACK", "")
	return res.Body
}

// quiet makes pion keep what it has to say to itself.
func quiet() logging.LoggerFactory {
	return &logging.DefaultLoggerFactory{Writer: io.Discard, DefaultLogLevel: logging.LogLevelDisabled, ScopeLevels: map[string]logging.LogLevel{}}
}
