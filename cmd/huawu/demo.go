package main

import (
	"context"
	"errors"
	"io"
)

// callDemo places a real call against a running centre.
func callDemo(_ context.Context, _ io.Writer, args []string) error {
	f := flags("call demo", "[--data DIR]")
	if err := parse(f, args, 0); err != nil {
		return err
	}
	return errors.New("being wired")
}
