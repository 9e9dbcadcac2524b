package recorder

import (
	"time"

	"huawu/mediarelay/media"
	"huawu/mediarelay/media/g711"
)

// hush watches channel 0 for silence: a stretch in which no packet's mean
// amplitude reaches the threshold. No packet at all is silence, too.
type hush struct {
	limit     time.Duration // 0: nobody asks
	threshold int           // 0 to 32767
	tell      func()        // once; must not block
	loud      time.Time     // end of the latest packet that was not silent
}

func (h *hush) hear(f *media.Frame) {
	if h.limit == 0 || f.Channel != 0 || len(f.Payload) == 0 {
		return
	}
	sum := 0
	for _, b := range f.Payload {
		v := int(g711.DecodeMu(b))
		if f.Law == media.PCMA {
			v = int(g711.DecodeA(b))
		}
		sum += max(v, -v)
	}
	if sum/len(f.Payload) >= h.threshold && f.At.After(h.loud) {
		h.loud = f.At
	}
}

func (h *hush) check(now time.Time) {
	if h.limit == 0 || h.tell == nil || now.Sub(h.loud) < h.limit {
		return
	}
	h.limit = 0
	h.tell()
}
