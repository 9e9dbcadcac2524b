package onebox

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	webhook "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"huawu/shared/fault"
)

// Delivery is one webhook that the demo tenant's own CRM got.
type Delivery struct {
	ID        string          `json:"id"` // webhook-id: the same for each attempt
	At        time.Time       `json:"at"`
	Signature string          `json:"signature"` // "valid", or what is wrong
	Body      json.RawMessage `json:"body"`
}

// receiver stands in for a CRM system: it checks signatures with the reference
// library, and keeps what it got in a file, one line each.
type receiver struct {
	file   string
	verify *webhook.Webhook
	log    *slog.Logger
	mu     sync.Mutex
}

func newReceiver(dir, secret string, log *slog.Logger) (*receiver, error) {
	v, err := webhook.NewWebhook(secret)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "demo webhook secret")
	}
	return &receiver{file: filepath.Join(dir, "webhooks.jsonl"), verify: v, log: log}, nil
}

// ServeHTTP takes a delivery by POST, and shows all of them by GET.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	switch req.Method {
	case http.MethodPost:
		r.take(w, req)
	case http.MethodGet:
		r.show(w)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

func (r *receiver) take(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, 1<<20))
	if err != nil || !json.Valid(body) {
		http.Error(w, "want JSON of at most 1 MB", http.StatusBadRequest)
		return
	}
	d := Delivery{ID: req.Header.Get("webhook-id"), At: time.Now().UTC(), Signature: "valid", Body: body}
	if err := r.verify.Verify(body, req.Header); err != nil {
		d.Signature = err.Error()
	}
	if err := r.keep(d); err != nil {
		r.log.Error("demo CRM cannot keep a webhook", "error", err)
		http.Error(w, "not kept", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) keep(d Delivery) error {
	line, err := json.Marshal(d)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := os.OpenFile(r.file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func (r *receiver) show(w http.ResponseWriter) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-ndjson")
	f, err := os.Open(r.file)
	if err != nil {
		return // none came yet
	}
	defer f.Close()
	if _, err := io.Copy(w, f); err != nil {
		r.log.Warn("demo CRM list cut", "error", err)
	}
}
