package desk

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/cloud"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

// sortQuality begins the sort keys of what an agent's device measured, one per
// segment.
const sortQuality = "QUALITY#"

// Stream is what was measured of one direction of the audio.
type Stream struct {
	Packets  int     `json:"packets" minimum:"0" maximum:"100000000"`
	Lost     int     `json:"lost" minimum:"0" maximum:"100000000"`
	JitterMs float64 `json:"jitterMs" minimum:"0" maximum:"60000"`
}

// Measured is what an agent's device measured of a talk.
type Measured struct {
	Seconds     int     `json:"seconds" minimum:"0" maximum:"86400" doc:"How long was measured"`
	MOS         float64 `json:"mos,omitempty" minimum:"1" maximum:"5" doc:"Estimated; absent: not known"`
	RoundTripMs float64 `json:"roundTripMs,omitempty" minimum:"0" maximum:"60000"`
	Received    Stream  `json:"received" doc:"From us"`
	Sent        Stream  `json:"sent" doc:"To us, as we reported it"`
}

// Quality is what a device measured in one segment, as it is kept.
type Quality struct {
	Agent string    `json:"agent"`
	At    time.Time `json:"at"`
	Measured
}

type qualityInput struct {
	ContactPath
	Body Measured
}

func (d *Desk) registerQuality(api huma.API) {
	register(d, api, operation{"putQuality", http.MethodPost, "/v1/contacts/{id}/quality", "Tell what the agent's device measured; the last of a segment stays", auth.ActAsAgent, http.StatusNoContent},
		func(ctx context.Context, who auth.Identity, in *qualityInput) (*struct{}, error) {
			c, err := d.mine(ctx, who, in.ID)
			if err != nil {
				return nil, err
			}
			if c.AgentJoined.IsZero() {
				return nil, contact.ErrStep // there was no talk to measure
			}
			key := cloud.Key{Part: contact.Key(c.Tenant, c.ID).Part, Sort: sortQuality + strconv.Itoa(c.Segment)}
			_, err = d.table.Write(ctx, cloud.Write{Key: key, Put: qualityItem(Quality{who.Agent, d.now(), in.Body})})
			return nil, fault.Wrap(fault.KindOf(err), err, "keep quality")
		})
}

// qualityItem keeps fractions as thousandths: an item holds whole numbers.
func qualityItem(q Quality) cloud.Item {
	milli := func(f float64) int64 { return int64(math.Round(f * 1000)) }
	return cloud.Item{"v": int64(1), "agent": q.Agent, "at": contact.Micros(q.At), "seconds": int64(q.Seconds), "mos": milli(q.MOS), "rtt": milli(q.RoundTripMs),
		"rxPackets": int64(q.Received.Packets), "rxLost": int64(q.Received.Lost), "rxJitter": milli(q.Received.JitterMs),
		"txPackets": int64(q.Sent.Packets), "txLost": int64(q.Sent.Lost), "txJitter": milli(q.Sent.JitterMs)}
}

func qualityFrom(i cloud.Item) Quality {
	part := func(name string) float64 { return float64(i.Int(name)) / 1000 }
	return Quality{i.Str("agent"), contact.FromMicros(i.Int("at")), Measured{Seconds: int(i.Int("seconds")), MOS: part("mos"), RoundTripMs: part("rtt"),
		Received: Stream{int(i.Int("rxPackets")), int(i.Int("rxLost")), part("rxJitter")},
		Sent:     Stream{int(i.Int("txPackets")), int(i.Int("txLost")), part("txJitter")}}}
}
