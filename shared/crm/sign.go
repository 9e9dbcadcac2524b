package crm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// Headers of a delivery (Standard Webhooks 1.0.0).
const (
	headerID        = "webhook-id"
	headerTimestamp = "webhook-timestamp"
	headerSignature = "webhook-signature"
)

// Sign returns the signature header of a delivery: one signature for each live
// secret, so that a receiver can change its own in its own time.
// Source: Standard Webhooks 1.0.0, "Signature scheme", symmetric.
func Sign(secrets [][]byte, id string, at time.Time, body []byte) string {
	all := make([]string, len(secrets))
	for n, secret := range secrets {
		m := hmac.New(sha256.New, secret)
		fmt.Fprintf(m, "%s.%d.", id, at.Unix())
		m.Write(body)
		all[n] = "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
	}
	return strings.Join(all, " ")
}
