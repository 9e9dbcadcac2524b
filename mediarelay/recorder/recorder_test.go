package recorder

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"huawu/mediarelay/call"
	"huawu/mediarelay/media"
	"huawu/shared/cloud"
	"huawu/shared/fault"
	"huawu/shared/recording"
)

// sky is a cloud whose parts can be gone.
type sky struct {
	cloud.Table
	cloud.Keys
	mu       sync.Mutex
	items    map[cloud.Key]cloud.Item
	objects  map[string][]byte
	keys     map[string]string // wrapped key → context
	gone     map[string]bool   // keys, blobs, table
	lostPuts int               // so many puts succeed and say they did not
	puts     int
}

func newSky() *sky {
	return &sky{items: map[cloud.Key]cloud.Item{}, objects: map[string][]byte{}, keys: map[string]string{}, gone: map[string]bool{}}
}

func (s *sky) set(what string, gone bool) { s.mu.Lock(); defer s.mu.Unlock(); s.gone[what] = gone }

func (s *sky) check(what string) error {
	if s.gone[what] {
		return fault.New(fault.Unavailable, "%s gone", what)
	}
	return nil
}

func (s *sky) Write(_ context.Context, w cloud.Write) (cloud.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check("table"); err != nil {
		return nil, err
	}
	if old := s.items[w.Key]; old != nil {
		return nil, &cloud.Refused{Each: []cloud.Reason{{Why: cloud.WhyCondition, Old: old}}}
	}
	s.items[w.Key] = w.Put
	return w.Put, nil
}

func (s *sky) Get(_ context.Context, k cloud.Key, _ bool) (cloud.Item, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[k], s.check("table")
}

func (s *sky) DataKey(_ context.Context, c cloud.Context) (plain, wrapped []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check("keys"); err != nil {
		return nil, nil, err
	}
	plain, wrapped = make([]byte, 32), make([]byte, 16)
	rand.Read(plain)
	rand.Read(wrapped)
	s.keys[string(wrapped)] = c["tenant"] + string(plain)
	return plain, wrapped, nil
}

func (s *sky) Unwrap(_ context.Context, wrapped []byte, c cloud.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.check("keys"); err != nil {
		return nil, err
	}
	plain, ok := strings.CutPrefix(s.keys[string(wrapped)], c["tenant"])
	if !ok || plain == "" {
		return nil, fault.New(fault.Invalid, "unwrap")
	}
	return []byte(plain), nil
}

// blobs is the same sky as cloud.Blobs (Get has another form there).
type blobs struct {
	cloud.Blobs
	*sky
}

func (b blobs) Put(_ context.Context, key string, body io.Reader, o cloud.PutOptions) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.check("blobs"); err != nil {
		return err
	}
	b.puts++
	if o.IfAbsent && b.objects[key] != nil {
		return fault.New(fault.Conflict, "there is one")
	}
	all, err := io.ReadAll(body)
	if err != nil || o.Size != int64(len(all)) {
		return fault.New(fault.Invalid, "size %d, body %d", o.Size, len(all))
	}
	b.objects[key] = all
	if b.lostPuts--; b.lostPuts >= 0 {
		return fault.New(fault.Timeout, "answer lost")
	}
	return nil
}

func (b blobs) Get(_ context.Context, key string, from, to int64) (io.ReadCloser, cloud.BlobInfo, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, ok := b.objects[key]
	if !ok {
		return nil, cloud.BlobInfo{}, fault.New(fault.NotFound, "none")
	}
	if to < 0 {
		to = int64(len(all))
	}
	return io.NopCloser(bytes.NewReader(all[from:to])), cloud.BlobInfo{Key: key, Size: int64(len(all))}, nil
}

// talk feeds frames as if two parties spoke, each a tone of its own.
type talk struct {
	mu     sync.Mutex
	frames []media.Frame
	hz     [2]float64
	n      int
}

func (s *talk) Read(f *media.Frame) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.frames) == 0 {
		return false
	}
	*f = s.frames[0]
	s.frames = s.frames[1:]
	return true
}

// speak goes on for d, a packet of each party every 20 ms.
func (s *talk) speak(d time.Duration) {
	for range d / (20 * time.Millisecond) {
		time.Sleep(20 * time.Millisecond)
		s.mu.Lock()
		for c, hz := range s.hz {
			if hz == 0 {
				continue
			}
			f := media.Frame{Channel: c, At: time.Now(), RTP: uint32(s.n * 160), Payload: make([]byte, 160)}
			for i := range f.Payload {
				f.Payload[i] = mulaw(8000 * math.Sin(2*math.Pi*hz*float64(s.n*160+i)/recording.Rate))
			}
			s.frames = append(s.frames, f)
		}
		s.n++
		s.mu.Unlock()
	}
}

// mulaw codes a value as G.711 says, by searching the nearest.
func mulaw(v float64) byte {
	sign := byte(0x80)
	if v < 0 {
		sign, v = 0, -v
	}
	x, exp := int(v)+132, 7
	for exp > 0 && x < 1<<(exp+7) {
		exp--
	}
	return ^(byte(exp<<4|x>>(exp+3)&15) | (sign ^ 0x80))
}

type bench struct {
	*Recorder
	t   *testing.T
	sky *sky
	dir string
	log *bytes.Buffer
}

func open(t *testing.T, dir string, s *sky) *bench {
	t.Helper()
	b := &bench{t: t, sky: s, dir: dir, log: &bytes.Buffer{}}
	r, err := New(Config{Dir: dir, Tenants: []string{"demo"}, Table: table{sky: s}, Blobs: blobs{sky: s}, Keys: s, Log: slog.New(slog.NewTextHandler(b.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	b.Recorder = r
	synctest.Wait()
	return b
}

// table is the sky as cloud.Table.
type table struct {
	cloud.Table
	*sky
}

func (t table) Write(ctx context.Context, w cloud.Write) (cloud.Item, error) {
	return t.sky.Write(ctx, w)
}
func (t table) Get(ctx context.Context, k cloud.Key, s bool) (cloud.Item, error) {
	return t.sky.Get(ctx, k, s)
}

func (b *bench) record(contact string) (*Recording, *talk) {
	b.t.Helper()
	from := &talk{hz: [2]float64{440, 1000}}
	rec, err := b.start(call.RecordingSpec{Tenant: "demo", ContactID: contact, Channels: 2}, nil, from)
	if err != nil {
		b.t.Fatal(err)
	}
	return rec, from
}

func (b *bench) close() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	b.Close(ctx)
}

// opened returns a stored recording and what is heard on each channel.
func (b *bench) opened(contact string) (recording.Index, [2][]float64) {
	b.t.Helper()
	s := recording.Subject{Tenant: "demo", Contact: contact}
	x, err := b.store.Get(context.Background(), s)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.log)
	}
	if _, err := b.store.Check(context.Background(), x.Object); err != nil {
		b.t.Errorf("stored object: %v", err)
	}
	r, c, err := b.store.Open(context.Background(), x)
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	wav, err := io.ReadAll(recording.NewWAV(r, x.Samples))
	if err != nil {
		b.t.Fatal(err)
	}
	var heard [2][]float64
	for i := 44; i+3 < len(wav); i += 4 {
		heard[0] = append(heard[0], float64(int16(uint16(wav[i])|uint16(wav[i+1])<<8)))
		heard[1] = append(heard[1], float64(int16(uint16(wav[i+2])|uint16(wav[i+3])<<8)))
	}
	return x, heard
}

// tone is how much of a tone there is in a stretch, 0 to 1.
func tone(pcm []float64, hz float64) float64 {
	var re, im, all float64
	for i, v := range pcm {
		re += v * math.Cos(2*math.Pi*hz*float64(i)/recording.Rate)
		im += v * math.Sin(2*math.Pi*hz*float64(i)/recording.Rate)
		all += v * v
	}
	if all == 0 {
		return 0
	}
	return 2 * (re*re + im*im) / (all * float64(len(pcm)))
}

func (b *bench) spooled() []string {
	names, err := filepath.Glob(filepath.Join(b.dir, "*"))
	if err != nil {
		b.t.Fatal(err)
	}
	return names
}

func TestBothPartiesAreHeardOnTheirOwnChannel(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir, newSky())
		rec, from := b.record("c1")
		from.speak(5 * time.Second)
		marker := slicesOf(from)
		rec.Stop()
		rec.Stop()
		time.Sleep(time.Second)
		x, heard := b.opened("c1")
		if got := x.Duration(); got < 4900*time.Millisecond || got > 5300*time.Millisecond {
			t.Errorf("lasts %v", got)
		}
		if x.Flags != 0 {
			t.Errorf("flags %v", x.Flags)
		}
		for c, hz := range from.hz {
			if q := tone(heard[c][800:39000], hz); q < 0.95 {
				t.Errorf("channel %d: %.2f of it is its tone", c, q)
			}
			if q := tone(heard[c][800:39000], from.hz[1-c]); q > 0.05 {
				t.Errorf("channel %d: %.2f of it is the other's tone", c, q)
			}
		}
		if rec.Object() != x.Object || len(b.spooled()) != 0 {
			t.Errorf("object %s, spool %v", rec.Object(), b.spooled())
		}
		for key, object := range b.sky.objects {
			if bytes.Contains(object, marker) {
				t.Errorf("%s holds audio in clear", key)
			}
		}
		b.close()
	})
}

// slicesOf returns a stretch of the audio that was fed.
func slicesOf(s *talk) []byte {
	p := make([]byte, 16)
	for i := range p {
		p[i] = mulaw(8000 * math.Sin(2*math.Pi*s.hz[0]*float64(i)/recording.Rate))
	}
	return p
}

func TestNoClearByteIsEverOnDisk(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSky()
		s.set("blobs", true)
		b := open(t, dir, s)
		rec, from := b.record("c1")
		marker := slicesOf(from)
		seen := 0
		for range 20 {
			from.speak(250 * time.Millisecond)
			seen += b.scan(marker)
		}
		rec.Stop()
		time.Sleep(time.Minute)
		if seen += b.scan(marker); seen < 64<<10 {
			t.Errorf("only %d bytes were looked at", seen)
		}
		b.close()
	})
}

// scan looks for audio in every spool file and returns how many bytes there were.
func (b *bench) scan(marker []byte) int {
	n := 0
	for _, name := range b.spooled() {
		raw, err := os.ReadFile(name)
		if err != nil {
			b.t.Fatal(err)
		}
		n += len(raw)
		if bytes.Contains(raw, marker) || bytes.Contains(raw, bytes.Repeat([]byte{0xff}, 64)) {
			b.t.Errorf("%s holds audio in clear", name)
		}
	}
	return n
}

func TestWhatIsSaidInAPauseIsNowhere(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir, newSky())
		rec, from := b.record("c1")
		from.speak(2 * time.Second)
		rec.Pause()
		rec.Pause()
		from.hz = [2]float64{2000, 2000} // the card number
		from.speak(3 * time.Second)
		rec.Resume()
		from.hz = [2]float64{440, 1000}
		from.speak(2 * time.Second)
		rec.Stop()
		time.Sleep(time.Second)
		x, heard := b.opened("c1")
		if x.Flags&recording.Paused == 0 || x.Duration().Round(100*time.Millisecond) != 7*time.Second {
			t.Errorf("flags %v, lasts %v", x.Flags, x.Duration())
		}
		for c := range heard {
			for i := 2*recording.Rate + 200; i < 5*recording.Rate-200; i++ {
				if heard[c][i] != 0 {
					t.Fatalf("channel %d is heard at %d ms, in the pause", c, i/perMS)
				}
			}
			if tone(heard[c][5*recording.Rate+800:len(heard[c])-800], from.hz[c]) < 0.9 {
				t.Errorf("channel %d is not heard after the pause", c)
			}
		}
		b.close()
	})
}

func TestAnOutageOfThreeHoursLosesNothing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSky()
		b := open(t, dir, s)
		for _, part := range []string{"keys", "blobs", "table"} {
			s.set(part, true)
		}
		s.lostPuts = 1
		for i := range 6 {
			rec, from := b.record(string(rune('a' + i)))
			from.speak(2 * time.Second)
			rec.Stop()
			time.Sleep(30 * time.Minute)
		}
		if len(s.objects) != 0 || len(b.spooled()) != 12 {
			t.Fatalf("%d objects, spool %v", len(s.objects), b.spooled())
		}
		s.set("keys", false)
		s.set("blobs", false)
		time.Sleep(10 * time.Minute) // objects without index: the table is still gone
		s.set("table", false)
		time.Sleep(10 * time.Minute)
		for i := range 6 {
			if x, heard := b.opened(string(rune('a' + i))); tone(heard[0][800:15000], 440) < 0.95 || x.Flags != 0 {
				t.Errorf("recording %d: flags %v", i, x.Flags)
			}
		}
		if len(s.objects) != 6 || len(s.items) != 6 || len(b.spooled()) != 0 {
			t.Errorf("%d objects, %d items, spool %v", len(s.objects), len(s.items), b.spooled())
		}
		b.close()
	})
}

func TestWithoutAnyKeyARecordingWaitsForOne(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSky()
		s.set("keys", true)
		b := open(t, dir, s)
		rec, from := b.record("c1")
		from.speak(3 * time.Second)
		rec.Stop()
		time.Sleep(time.Hour)
		s.set("keys", false)
		time.Sleep(20 * time.Minute)
		if x, heard := b.opened("c1"); tone(heard[0][800:22000], 440) < 0.95 || x.Flags != 0 {
			t.Errorf("flags %v", x.Flags)
		}
		b.close()
	})
}

func TestAfterAKillTheRecordingOpensUpToTwoSecondsBefore(t *testing.T) {
	dir, killed := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSky()
		b := open(t, dir, s)
		rec, from := b.record("c1")
		for i := range 40 { // killed at moments of every phase
			from.speak(200 * time.Millisecond)
			if i < 10 {
				continue
			}
			said := 200 * time.Millisecond * time.Duration(i+1)
			at := filepath.Join(killed, rec.side.Contact+time.Now().Format("150405.000"))
			if err := os.CopyFS(at, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			s2 := newSky()
			s2.keys = s.keys
			after := open(t, at, s2)
			time.Sleep(10 * time.Millisecond)
			x, heard := after.opened("c1")
			if x.Flags != recording.Torn || said-x.Duration() > 2*time.Second || said < x.Duration() {
				t.Errorf("killed after %v: lasts %v, flags %v", said, x.Duration(), x.Flags)
			}
			if tone(heard[1][800:], 1000) < 0.95 {
				t.Errorf("killed after %v: channel 1 is not heard", said)
			}
			if len(after.spooled()) != 0 {
				t.Errorf("spool %v", after.spooled())
			}
			after.close()
		}
		rec.Stop()
		b.close()
	})
}

func TestAFullDiskLeavesAFlaggedGap(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir, newSky())
		full := true
		var mu sync.Mutex
		b.open = func(path string) (*os.File, error) {
			mu.Lock()
			defer mu.Unlock()
			if full {
				return nil, errors.New("no space left on device")
			}
			return openSpool(path)
		}
		rec, from := b.record("c1")
		from.speak(30 * time.Second) // twice what memory keeps
		mu.Lock()
		full = false
		mu.Unlock()
		from.speak(5 * time.Second)
		rec.Stop()
		time.Sleep(time.Second)
		x, heard := b.opened("c1")
		if x.Flags&recording.Gap == 0 || x.Duration().Round(time.Second) != 35*time.Second {
			t.Errorf("flags %v, lasts %v", x.Flags, x.Duration())
		}
		if tone(heard[0][800:12*recording.Rate], 440) < 0.95 || tone(heard[0][32*recording.Rate:34*recording.Rate], 440) < 0.95 {
			t.Error("what memory and disk could take is not heard")
		}
		for _, line := range []string{"is the disk full? the call goes on", "recording has a gap", "recording goes on after a gap", "spooled again"} {
			if n := strings.Count(b.log.String(), line); n != 1 {
				t.Errorf("%d lines say %q, want one\n%s", n, line, b.log)
			}
		}
		b.close()
	})
}

func TestADiskThatStaysFullStillStoresWhatMemoryHolds(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir, newSky())
		b.open = func(string) (*os.File, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
		rec, from := b.record("c1")
		from.speak(4 * time.Second)
		rec.Stop()
		time.Sleep(time.Second)
		if _, heard := b.opened("c1"); tone(heard[0][800:30000], 440) < 0.95 {
			t.Error("not heard")
		}
		b.close()
	})
}

func TestWhatIsNotUploadedIsTakenOverByTheNextProcess(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := newSky()
		b := open(t, dir, s)
		s.set("blobs", true)
		_, from := b.record("c1")
		from.speak(3 * time.Second)
		b.close() // stops it
		if len(b.spooled()) != 2 {
			t.Fatalf("spool %v", b.spooled())
		}
		if _, err := b.Start(call.RecordingSpec{Tenant: "demo", ContactID: "c2", Channels: 2}); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("Start after Close: %v", err)
		}
		s.set("blobs", false)
		for _, junk := range []string{"x.tmp", "orphan.hwr", "gone.json", "bad.json", "bad.hwr"} {
			if err := os.WriteFile(filepath.Join(dir, junk), []byte("{"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		next := open(t, dir, s)
		time.Sleep(time.Second)
		x, _ := next.opened("c1")
		if x.Flags != 0 {
			t.Errorf("flags %v: it was whole", x.Flags)
		}
		if left := next.spooled(); len(left) != 2 || !strings.Contains(next.log.String(), "orphan.hwr") || !strings.Contains(next.log.String(), "bad.json") {
			t.Errorf("spool %v\n%s", left, next.log)
		}
		next.close()
	})
}

func TestSilenceIsToldOnce(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir, newSky())
		from := &talk{hz: [2]float64{440, 0}}
		begun, told := time.Now(), []time.Duration{}
		rec, err := b.start(call.RecordingSpec{Tenant: "demo", ContactID: "mail", Channels: 1, Silence: 3 * time.Second, Threshold: 200,
			Silent: func() { told = append(told, time.Since(begun)) }}, nil, from)
		if err != nil {
			t.Fatal(err)
		}
		from.speak(4 * time.Second)
		from.hz[0] = 1e-6 // as good as nothing
		from.speak(time.Second)
		time.Sleep(20 * time.Second) // and then nothing at all
		rec.Stop()
		time.Sleep(time.Second)
		if len(told) != 1 || told[0] < 7*time.Second || told[0] > 7500*time.Millisecond {
			t.Errorf("told at %v, want once, 3 s after the last word at 4 s", told)
		}
		if x, err := b.store.Get(t.Context(), recording.Subject{Tenant: "demo", Contact: "mail"}); err != nil || x.Channels != 1 || x.Duration().Round(time.Second) != 25*time.Second {
			t.Errorf("one channel: %+v, %v", x, err)
		}
		b.close()
	})
}

func TestStartRefusesNamesThatLeaveTheSpoolAndASecondRecording(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, dir, newSky())
		for _, s := range []call.RecordingSpec{{Tenant: "demo", ContactID: "../x", Channels: 2}, {Tenant: "", ContactID: "x", Channels: 2},
			{Tenant: ".", ContactID: "x", Channels: 2}, {Tenant: "demo", ContactID: "a/b", Channels: 2}, {Tenant: "demo", ContactID: "x"}} {
			if _, err := b.Start(s); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v: %v", s, err)
			}
		}
		rec, _ := b.record("c1")
		if _, err := b.Start(call.RecordingSpec{Tenant: "demo", ContactID: "c1", Channels: 2}); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a second one: %v", err)
		}
		if rec.Tap() != nil || rec.Object() == "" {
			t.Error("tap or object")
		}
		b.close()
	})
}
