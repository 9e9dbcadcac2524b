package e2e

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"huawu/flows"
	"huawu/mediarelay/prompts"
	"huawu/mediarelay/webleg/webtest"
	"huawu/tests/peers"
)

// word is one word of the stories' language.
type word struct {
	before bool // may be said before the centre runs
	do     func(*story, []string)
}

// words is the language. What a word takes is told at its function.
func words() map[string]word {
	return map[string]word{
		"centre":     {true, (*story).wordCentre},
		"number":     {true, (*story).wordNumber},
		"outside":    {true, (*story).wordOutside},
		"segments":   {false, (*story).wordSegments},
		"caller":     {false, (*story).wordCaller},
		"page":       {false, (*story).wordPage},
		"dial":       {false, (*story).wordDial},
		"hears":      {false, func(s *story, w []string) { s.hears(s.caller().ear, w) }},
		"press":      {false, (*story).wordPress},
		"message":    {false, (*story).wordMessage},
		"hangup":     {false, (*story).wordHangup},
		"hung-up":    {false, (*story).wordHungUp},
		"agent":      {false, (*story).wordAgent},
		"eventually": {false, (*story).wordEventually},
		"log":        {false, (*story).wordLog},
		"count":      {false, (*story).wordCount},
		"writes":     {false, (*story).wordWrites},
		"sipp":       {false, (*story).wordSipp},
		"throw":      {false, (*story).wordThrow},
		"send":       {false, (*story).wordSend},
		"function":   {false, (*story).wordFunction},
		"receiver":   {false, (*story).wordReceiver},
		"term":       {false, (*story).wordTerm},
		"kill":       {false, (*story).wordKill},
		"dies":       {false, (*story).wordDies},
		"restart":    {false, (*story).wordRestart},
	}
}

// caller is a telephone outside.
type caller struct {
	phone *peers.Baresip // nil if the caller's page calls
	page  *webtest.Page
	ear   *peers.Ear
	id    string // of its contact
	dials int
}

// callerTone and agentTones are what people say: a tone each, in Hz.
const callerTone = 440

func agentTones(name string) (hz float64, ok bool) {
	hz, ok = map[string]float64{"lin": 1000, "wu": 700, "mei": 1500, "chen": 1900, "bob": 2300}[name]
	return hz, ok
}

// centre [ring=20] [acw=1] [stream=250ms] [carrier=prefix] [program] [spool=size]
// [die-after=C/META:3]: how the centre is to be. program runs cmd/huawu in a
// process of its own, as the last two do.
func (s *story) wordCentre(words []string) {
	plain, o := s.read(words, "ring", "acw", "stream", "carrier", "spool", "die-after")
	s.setup.ring, s.setup.acw = s.number(o, "ring", 20), s.number(o, "acw", 1)
	if text, ok := o["carrier"]; ok {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			s.Fatal(err)
		}
		s.setup.carrier = prefix
	}
	if text, ok := o["stream"]; ok {
		var err error
		s.setup.stream, err = time.ParseDuration(text)
		s.must(err)
	}
	s.setup.spool = o["spool"]
	s.setup.die = o["die-after"]
	s.setup.program = slices.Contains(plain, "program") || s.setup.spool != "" || s.setup.die != ""
}

func (s *story) number(o options, name string, otherwise int) int {
	s.Helper()
	text, ok := o[name]
	if !ok {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		s.Fatalf("%s: %s=%s is no number", s.at, name, text)
	}
	return n
}

// number 95001 flow=name: a number of its own, with the flow name.json that
// stands behind the script or in testdata/flows.
func (s *story) wordNumber(words []string) {
	plain, o := s.read(words, "flow")
	s.want(plain, 1, "number N flow=NAME")
	s.setup.numbers = append(s.setup.numbers, [2]string{plain[0], o["flow"]})
}

// caller bob WORD …: says a word about another caller than the first.
func (s *story) wordCaller(words []string) {
	if len(words) < 2 {
		s.Fatalf("%s: want caller NAME WORD …", s.at)
	}
	before := s.who
	s.who = words[0]
	s.do(words[1:])
	s.who = before
}

func (s *story) caller() *caller {
	s.Helper()
	c := s.callers[s.who]
	if c == nil {
		s.Fatalf("%s: %s has not dialled", s.at, s.who)
	}
	return c
}

// dial 95000 [from=+86…] [unanswered|refused]: a telephone calls and is answered.
// unanswered: the centre may die before that; refused: it is not let in.
func (s *story) wordDial(words []string) {
	plain, o := s.read(words, "from")
	if len(plain) == 0 {
		s.Fatalf("%s: want dial NUMBER", s.at)
	}
	to, answered := plain[0], !slices.Contains(plain, "unanswered")
	c := s.callers[s.who]
	if c == nil {
		from := o["from"]
		if from == "" {
			from = fmt.Sprintf("+861380013%04d", 5678+len(s.callers))
		}
		c = &caller{phone: peers.StartBaresip(s.T, peers.Phone{User: from, Tone: callerTone, Keep: *keep})}
		c.ear = peers.NewEar(c.phone)
		s.callers[s.who] = c
	}
	refused := slices.Contains(plain, "refused")
	known := len(s.centre.calls())
	c.ear.Skip()
	c.dials++
	c.phone.Do("dial", "sip:"+to+"@"+s.centre.info.SIP)
	if refused {
		s.wait("the call is refused", c.told("CALL_CLOSED", c.dials))
		if n := c.phone.Count("CALL_ESTABLISHED"); n >= c.dials {
			s.Errorf("%s: the call was answered", s.at)
		}
		return
	}
	if answered {
		s.wait("the call is answered", c.told("CALL_ESTABLISHED", c.dials))
	}
	s.wait("the call is known", func() error {
		ids := s.centre.calls()
		if len(ids) <= known {
			return fmt.Errorf("%d calls", len(ids))
		}
		c.id = ids[known]
		return nil
	})
}

// told is a check that baresip told an event so many times.
func (c *caller) told(event string, n int) func() error { return told(c.phone, event, n) }

func told(b *peers.Baresip, event string, n int) func() error {
	return func() error {
		if got := b.Count(event); got < n {
			return fmt.Errorf("%s told %d times, want %d", event, got, n)
		}
		return nil
	}
}

// personTone is the tone that an agent or the caller says.
func personTone(name string) (hz float64, ok bool) {
	switch name {
	case "caller":
		return callerTone, true
	case "beep": // after which a message begins
		return 1000, true
	}
	return agentTones(name)
}

// hears X: a prompt (zh-CN/menu, common/queue-music), a person (caller, lin), or
// silence. What is heard next comes after it.
func (s *story) hears(ear *peers.Ear, words []string) {
	s.Helper()
	if len(words) > 1 {
		var tones []float64
		for _, name := range strings.Split(strings.Join(words, " "), " and ") {
			hz, ok := personTone(name)
			if !ok {
				s.Fatalf("%s: want hears PERSON and PERSON …", s.at)
			}
			tones = append(tones, hz)
		}
		s.wait(strings.Join(words, " ")+" are heard", ear.Tones(tones...))
		return
	}
	what := s.want(words, 1, "hears PROMPT|PERSON [and PERSON]|silence")[0]
	check := ear.Silence()
	if hz, ok := personTone(what); ok {
		check = ear.Tone(hz)
	} else if what != "silence" {
		check = ear.Clip(s.clip(what))
	}
	s.wait(what+" is heard", check)
}

// clip is a stored prompt.
func (s *story) clip(name string) peers.Audio {
	s.Helper()
	raw, err := flows.Prompts.ReadFile("prompts/" + name + ".wav")
	if err != nil {
		s.Fatal(err)
	}
	pcm, err := prompts.Decode(raw)
	if err != nil {
		s.Fatal(err)
	}
	return pcm
}

// press 1: a key, by RFC 4733.
func (s *story) wordPress(words []string) {
	c, keys := s.caller(), s.want(words, 1, "press KEYS")[0]
	if c.page != nil {
		pressOn(c.page, keys)
		return
	}
	c.phone.Press(keys)
}

// hangup: the caller hangs up.
func (s *story) wordHangup([]string) {
	c := s.caller()
	if c.page != nil {
		c.page.Send("BYE", "")
		c.page.Response(200, "BYE")
		return
	}
	c.phone.Do("hangup", "")
}

// hung-up: the caller was hung up.
func (s *story) wordHungUp([]string) {
	c := s.caller()
	if c.page != nil {
		c.page.Reply(c.page.Request("BYE"), "200 OK", "")
		return
	}
	s.wait("the call is closed", c.told("CALL_CLOSED", c.dials))
}

// log contains|lacks "text" …: of the centre; all texts in one line.
func (s *story) wordLog(words []string) {
	if len(words) < 2 {
		s.Fatalf("%s: want log contains|lacks TEXT …", s.at)
	}
	found := func() bool {
		for l := range strings.Lines(s.centre.text()) {
			if !slices.ContainsFunc(words[1:], func(w string) bool { return !strings.Contains(l, s.expand(w)) }) {
				return true
			}
		}
		return false
	}
	switch words[0] {
	case "contains":
		s.wait("the log says it", func() error {
			if !found() {
				return fmt.Errorf("no line with %q", words[1:])
			}
			return nil
		})
	case "lacks":
		if found() {
			s.Errorf("%s: the log has a line with %q", s.at, words[1:])
		}
	default:
		s.Fatalf("%s: log contains or lacks", s.at)
	}
}

// expand puts the caller's contact in for $contact.
func (s *story) expand(text string) string {
	if c := s.callers[s.who]; c != nil {
		text = strings.ReplaceAll(text, "$contact", c.id)
	}
	return text
}
