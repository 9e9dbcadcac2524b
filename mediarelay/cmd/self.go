package main

import (
	"context"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"huawu/shared/fault"
)

// askSelf asks a service what our address is: a Fargate task is not told its
// public one. The answer is the address as text.
func askSelf(ctx context.Context, client *http.Client, url string) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return netip.Addr{}, fault.Wrap(fault.Invalid, err, "ask for our address")
	}
	res, err := client.Do(req)
	if err != nil {
		return netip.Addr{}, fault.Wrap(fault.Unavailable, err, "ask for our address")
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64))
	if err != nil || res.StatusCode != http.StatusOK {
		return netip.Addr{}, fault.New(fault.Unavailable, "ask for our address: status %d", res.StatusCode)
	}
	a, err := netip.ParseAddr(strings.TrimSpace(string(text)))
	if err != nil || !a.IsGlobalUnicast() {
		return netip.Addr{}, fault.New(fault.Unavailable, "ask for our address: the answer is none")
	}
	return a.Unmap(), nil
}
