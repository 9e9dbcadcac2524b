package offer

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/netip"

	"huawu/shared/fault"
)

// ErrType is returned by Find for a body in which no SDP is. SIP answers 415.
var ErrType = fault.New(fault.Invalid, "offer: body is no application/sdp")

const maxParts = 8

// Find returns the SDP of a message body: all of it, or its part of a
// multipart body, as carriers add ISUP or location to it (RFC 5621). An empty
// body has none and is no error.
func Find(contentType string, body []byte) ([]byte, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, ErrType
	}
	switch kind {
	case "application/sdp":
		return body, nil
	case "multipart/mixed", "multipart/alternative", "multipart/related":
	default:
		return nil, ErrType
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for range maxParts {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil, ErrType
		}
		if err != nil {
			return nil, ErrMalformed
		}
		kind, _, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
		if err != nil || kind != "application/sdp" {
			continue
		}
		sdp, err := io.ReadAll(p)
		if err != nil {
			return nil, ErrMalformed
		}
		return sdp, nil
	}
	return nil, ErrType
}

// Where returns the address at which an offer's first audio line wants media.
func Where(body []byte) (netip.AddrPort, bool) {
	d, err := parse(body)
	if err != nil {
		return netip.AddrPort{}, false
	}
	for i := range d.media {
		if at, zero := d.remote(&d.media[i]); d.media[i].kind == "audio" && at.Port() != 0 {
			return at, !zero && at.Addr().IsValid()
		}
	}
	return netip.AddrPort{}, false
}
