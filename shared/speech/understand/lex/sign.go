package lex

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Credentials are those of AWS; Session is of temporary ones.
type Credentials struct {
	KeyID, Secret, Session string
}

// sign signs a request whose path is plain and that has no query.
// Source: AWS Signature Version 4.
func sign(r *http.Request, body []byte, c Credentials, region, service string, now time.Time) {
	at := now.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", at)
	names, values := []string{"host", "x-amz-date"}, []string{r.URL.Host, at}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		names, values = append([]string{"content-type"}, names...), append([]string{kind}, values...)
	}
	if c.Session != "" {
		r.Header.Set("X-Amz-Security-Token", c.Session)
		names, values = append(names, "x-amz-security-token"), append(values, c.Session)
	}
	var canonical strings.Builder
	// Each part of the path is escaped once more: RFC 3986 escapes of escapes.
	canonical.WriteString(r.Method + "\n" + strings.ReplaceAll(r.URL.EscapedPath(), "%", "%25") + "\n\n")
	for i, name := range names {
		canonical.WriteString(name + ":" + values[i] + "\n")
	}
	signed := strings.Join(names, ";")
	canonical.WriteString("\n" + signed + "\n" + digest(body))
	scope := at[:8] + "/" + region + "/" + service + "/aws4_request"
	toSign := "AWS4-HMAC-SHA256\n" + at + "\n" + scope + "\n" + digest([]byte(canonical.String()))
	key := []byte("AWS4" + c.Secret)
	for _, part := range []string{at[:8], region, service, "aws4_request"} {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.KeyID+"/"+scope+", SignedHeaders="+signed+", Signature="+hex.EncodeToString(mac(key, toSign)))
}

func digest(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text)) // a hash takes everything
	return h.Sum(nil)
}
