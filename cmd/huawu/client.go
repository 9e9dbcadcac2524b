package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"syscall"
	"time"

	"huawu/localstack/onebox"
)

// client speaks to the desk's API of a running centre as one person.
type client struct {
	url   string
	token string
}

// centre finds the running centre of a data folder.
func centre(dir string) (onebox.Info, client, error) {
	in, err := onebox.ReadInfo(dir)
	if err != nil {
		return in, client{}, err
	}
	return in, client{url: in.URL, token: in.Admin}, nil
}

// as returns the client with another person's token.
func (c client) as(token string) client { c.token = token; return c }

// problem is an RFC 9457 answer.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

// text is the detail with every field that was wrong.
func (p problem) text() string {
	s := p.Detail
	for _, e := range p.Errors {
		s += "; " + e.Location + ": " + e.Message
	}
	return s
}

// do sends one request and reads the answer into out (nil: it is ignored).
func (c client) do(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	res, err := c.send(ctx, method, path, body, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// send returns the answer of a request that succeeded; the caller closes it.
func (c client) send(ctx context.Context, method, path string, body io.Reader, header http.Header) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := (&http.Client{Timeout: time.Minute}).Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil, fmt.Errorf("the centre at %s does not answer; start it with huawu up (make run)", c.url)
	}
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	p := problem{Status: res.StatusCode, Title: res.Status}
	raw, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(raw, &p) == nil && p.Detail != "" {
		return nil, fmt.Errorf("%s %s: %s", method, path, p.text())
	}
	return nil, fmt.Errorf("%s %s: %s", method, path, p.Title)
}
