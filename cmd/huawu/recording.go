package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// recordingExport writes a contact's recording as a WAV file.
func recordingExport(ctx context.Context, out io.Writer, args []string) error {
	f := flags("recording export", "[--data DIR] [--n N] ID FILE.wav")
	data := f.String("data", "data", "data folder of the running centre")
	n := f.Int("n", 0, "which recording of the contact; 0 is the first")
	if err := parse(f, args, 2); err != nil {
		return err
	}
	_, c, err := centre(*data)
	if err != nil {
		return err
	}
	size, err := c.export(ctx, f.Arg(0), *n, f.Arg(1))
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d bytes; left the caller, right the agent\n", f.Arg(1), size)
	return nil
}

// export downloads a recording piece by piece: an answer of the API is bounded.
// The file appears under its name only when it is whole.
func (c client) export(ctx context.Context, contact string, n int, name string) (size int64, err error) {
	part, err := os.Create(name + ".part")
	if err != nil {
		return 0, err
	}
	defer func() {
		if closed := part.Close(); err == nil {
			err = closed
		}
		if err == nil {
			err = os.Rename(part.Name(), name)
		}
		if err != nil {
			os.Remove(part.Name())
		}
	}()
	path := fmt.Sprintf("/v1/contacts/%s/recordings/%d/audio", contact, n)
	for {
		header := http.Header{"Range": {fmt.Sprintf("bytes=%d-", size)}}
		res, err := c.send(ctx, "GET", path, nil, header)
		if err != nil {
			return size, err
		}
		got, err := io.Copy(part, res.Body)
		res.Body.Close()
		if size += got; err != nil {
			return size, err
		}
		if res.StatusCode != http.StatusPartialContent || size >= total(res.Header) {
			return size, nil
		}
		if got == 0 {
			return size, fmt.Errorf("the recording ends after %d of %d bytes", size, total(res.Header))
		}
	}
}

// total reads the whole size from "bytes 0-9/100".
func total(h http.Header) int64 {
	_, after, _ := strings.Cut(h.Get("Content-Range"), "/")
	n, err := strconv.ParseInt(after, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
