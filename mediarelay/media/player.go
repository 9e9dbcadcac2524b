package media

import (
	"math/rand/v2"

	"huawu/mediarelay/media/g711"
)

// noiseLen is a length of comfort noise that does not sound like a loop.
const noiseLen = 16000

// comfortNoise makes faint noise, near −66 dBov: complete silence sounds like a
// line that has been cut.
func comfortNoise() (mu, a []byte) {
	r := rand.New(rand.NewPCG(1, 2)) // any noise will do, the same every time
	pcm := make([]int16, noiseLen)
	for i := range pcm {
		pcm[i] = int16(r.IntN(57) - 28)
	}
	return g711.EncodeMuTo(nil, pcm), g711.EncodeATo(nil, pcm)
}

// player is a place in a playlist.
type player struct {
	on   bool
	list Playlist
	clip int
	at   int // in the clip
	gap  int // samples of silence still to come
}

// play begins a list in place of what plays.
func (p *Port) play(l Playlist) {
	if !p.closed {
		p.player = player{on: true, list: l}
		p.resume()
	}
}

func (pl *player) clear() { *pl = player{} }

// fill puts the next part of the list over the noise in dst. It reports done
// once the list had already ended before dst, so that its last sample is heard.
func (pl *player) fill(dst []byte, law Law) (done bool) {
	for n := 0; n < len(dst); {
		if pl.gap > 0 {
			c := min(pl.gap, len(dst)-n)
			pl.gap -= c
			n += c
			continue
		}
		if pl.clip == len(pl.list.Clips) {
			if !pl.list.Loop || !pl.sounds() {
				return n == 0
			}
			pl.clip = 0
		}
		codes := pl.list.Clips[pl.clip].in(law)
		c := copy(dst[n:], codes[pl.at:])
		n += c
		pl.at += c
		if pl.at == len(codes) {
			pl.at = 0
			pl.clip++
			if pl.list.Loop || pl.clip < len(pl.list.Clips) {
				pl.gap = samples(pl.list.Gap)
			}
		}
	}
	return false
}

// sounds reports whether going round the list takes any time.
func (pl *player) sounds() bool {
	for _, c := range pl.list.Clips {
		if len(c.mu) > 0 {
			return true
		}
	}
	return false
}
