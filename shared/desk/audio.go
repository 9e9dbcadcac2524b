package desk

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
	"huawu/shared/recording"
)

// Recording is one recording of a contact.
type Recording struct {
	N        int       `json:"n"`
	Started  time.Time `json:"started"`
	Seconds  float64   `json:"seconds"`
	Channels int       `json:"channels" doc:"0 is the customer, 1 the agent"`
	Bytes    int64     `json:"bytes" doc:"Size of the WAV file"`
	Paused   bool      `json:"paused" doc:"It was paused for a while"`
	Gap      bool      `json:"gap" doc:"Some audio is missing"`
	Torn     bool      `json:"torn" doc:"The relay died: it ends up to two seconds early"`
}

type recordingsOutput struct {
	Body struct {
		Recordings []Recording `json:"recordings"`
	}
}

type audioInput struct {
	ContactPath
	N       int    `path:"n" minimum:"0" maximum:"9999"`
	Range   string `header:"Range" doc:"One range of bytes; an answer has at most 4 MiB"`
	IfRange string `header:"If-Range"`
}

type audioOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	ContentRange string `header:"Content-Range"`
	AcceptRanges string `header:"Accept-Ranges"`
	ETag         string `header:"ETag"`
	Body         []byte `contentType:"audio/wav"`
}

func (d *Desk) registerAudio(api huma.API) {
	register(d, api, operation{"listRecordings", http.MethodGet, "/v1/contacts/{id}/recordings", "Recordings of a contact", auth.ReadOwn, http.StatusOK},
		func(ctx context.Context, who auth.Identity, in *ContactPath) (*recordingsOutput, error) {
			f, err := d.readHeard(ctx, who, in.ID)
			if err != nil {
				return nil, err
			}
			out := &recordingsOutput{}
			out.Body.Recordings = []Recording{}
			for _, x := range f.recordings {
				if !f.mayHear(who, x) {
					continue
				}
				out.Body.Recordings = append(out.Body.Recordings, Recording{x.Subject.Segment, x.Started, x.Duration().Seconds(), x.Channels,
					recording.WAVSize(x.Samples, x.Channels), x.Flags&recording.Paused != 0, x.Flags&(recording.Gap|recording.Lost) != 0, x.Flags&recording.Torn != 0})
			}
			return out, nil
		})
	register(d, api, operation{"getAudio", http.MethodGet, "/v1/contacts/{id}/recordings/{n}/audio", "Audio of a recording, as a WAV file", auth.ListenOwn, http.StatusOK}, d.audio)
	responses := api.OpenAPI().Paths["/v1/contacts/{id}/recordings/{n}/audio"].Get.Responses
	responses["206"] = &huma.Response{Description: "The range that was asked for, or as much of it as one answer has", Content: responses["200"].Content, Headers: responses["200"].Headers}
	responses["416"] = &huma.Response{Description: "Not a range of the file, or the file is too long for one answer; Content-Range tells its size", Content: responses["404"].Content}
}

// audio opens a recording for one who may listen. What was heard is an audit
// line whatever comes of it.
func (d *Desk) audio(ctx context.Context, who auth.Identity, in *audioInput) (*audioOutput, error) {
	out, err := d.listen(ctx, who, in)
	result := "ok"
	if err != nil {
		result = "failed"
	}
	d.audit(ctx, who, string(auth.ListenOwn), result, "contact", in.ID, "recording", in.N)
	return out, err
}

func (d *Desk) listen(ctx context.Context, who auth.Identity, in *audioInput) (*audioOutput, error) {
	f, err := d.readHeard(ctx, who, in.ID)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(f.recordings, func(x recording.Index) bool { return x.Subject.Segment == in.N })
	if n < 0 {
		return nil, fault.New(fault.NotFound, "no such recording")
	}
	x := f.recordings[n]
	if !f.mayHear(who, x) {
		return nil, who.Require(auth.ListenRecording)
	}
	size := recording.WAVSize(x.Samples, x.Channels)
	out := &audioOutput{Status: http.StatusOK, ContentType: "audio/wav", AcceptRanges: "bytes", ETag: `"` + hex.EncodeToString(x.Tail) + `"`}
	if in.IfRange != "" && in.IfRange != out.ETag {
		in.Range = "" // another file than the client has a part of
	}
	from, to, partial, ok := byteRange(in.Range, size)
	if !ok || !partial && size > maxAudio {
		p := huma.NewError(http.StatusRequestedRangeNotSatisfiable, fmt.Sprintf("the file has %d bytes: ask for a range of it", size))
		return nil, huma.ErrorWithHeaders(p, http.Header{"Content-Range": {"bytes */" + strconv.FormatInt(size, 10)}, "Accept-Ranges": {"bytes"}})
	}
	if partial {
		to = min(to, from+maxAudio)
		out.Status, out.ContentRange = http.StatusPartialContent, fmt.Sprintf("bytes %d-%d/%d", from, to-1, size)
	}
	out.Body, err = d.open(ctx, x, from, to)
	return out, err
}

// readHeard is read with the recordings that can be heard of the contact: of a
// message, that of the caller who left it, and no other of that call.
func (d *Desk) readHeard(ctx context.Context, who auth.Identity, id string) (*file, error) {
	f, err := d.read(ctx, who, id)
	if err != nil || f.contact.Related == "" {
		return f, err
	}
	all, err := d.recordings.List(ctx, who.Tenant, string(f.contact.Related))
	if err != nil {
		return nil, err
	}
	f.recordings = slices.DeleteFunc(all, func(x recording.Index) bool {
		return f.contact.Recording == "" || !strings.HasSuffix(f.contact.Recording, "/"+x.Object)
	})
	return f, nil
}

// mayHear reports whether a recording is open to an identity: to an agent, those
// of segments in which the agent talked, and messages that the agent has or had.
func (f *file) mayHear(who auth.Identity, x recording.Index) bool {
	n := x.Subject.Segment
	if f.contact.Related != "" && f.had(who.Agent) {
		return true
	}
	return who.May(auth.ListenRecording) || f.contact.Segment == n && f.contact.OfferAgent == who.Agent ||
		slices.ContainsFunc(f.records, func(r *contact.Record) bool { return r.Segment == n && r.OfferAgent == who.Agent })
}

// open decrypts a recording up to the byte to and returns the bytes from from
// on. No byte leaves before the frames up to it are checked.
func (d *Desk) open(ctx context.Context, x recording.Index, from, to int64) ([]byte, error) {
	r, c, err := d.recordings.Open(ctx, x)
	if err != nil {
		return nil, err
	}
	wav := recording.NewWAV(r, x.Samples)
	var buf bytes.Buffer
	_, err = io.CopyN(io.Discard, wav, from)
	if err == nil {
		_, err = io.CopyN(&buf, wav, to-from)
	}
	if errors.Is(err, io.EOF) {
		err = fault.Wrap(fault.Internal, recording.ErrTorn, "shorter than its index says")
	}
	if e := c.Close(); err == nil && e != nil {
		err = fault.Wrap(fault.Unavailable, e, "close object")
	}
	return buf.Bytes(), err
}

// byteRange reads a Range header of a file (RFC 9110 §14.2): from inclusive, to
// exclusive. A form that is not known is no range; one that lies outside the
// file, or several, cannot be served.
func byteRange(header string, size int64) (from, to int64, partial, ok bool) {
	spec, isBytes := strings.CutPrefix(header, "bytes=")
	if header == "" || !isBytes {
		return 0, size, false, true
	}
	first, last, hasDash := strings.Cut(strings.TrimSpace(spec), "-")
	if !hasDash || strings.Contains(last, ",") {
		return 0, 0, false, false
	}
	if first == "" { // the last so many bytes
		n, err := strconv.ParseInt(last, 10, 64)
		return max(0, size-n), size, true, err == nil && n > 0
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 || from >= size {
		return 0, 0, false, false
	}
	to = size
	if last != "" {
		end, err := strconv.ParseInt(last, 10, 64)
		if err != nil || end < from {
			return 0, 0, false, false
		}
		to = min(size-1, end) + 1
	}
	return from, to, true, true
}
