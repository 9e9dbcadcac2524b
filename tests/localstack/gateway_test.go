package localstack

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
)

// gateway stands in for the @connections endpoint of a WebSocket API, which the
// open edition of LocalStack does not have.
type gateway struct {
	*httptest.Server

	mu   sync.Mutex
	open map[string]chan []byte
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{open: map[string]chan []byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /prod/@connections/{id}", g.send)
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) send(w http.ResponseWriter, r *http.Request) {
	if !strings.Contains(r.Header.Get("Authorization"), "/execute-api/aws4_request") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	ch, ok := g.open[r.PathValue("id")]
	if !ok {
		w.WriteHeader(http.StatusGone)
		return
	}
	ch <- body
}

// connect opens a connection with an id of the form that API Gateway gives.
func (g *gateway) connect() (string, <-chan []byte, func(), error) {
	id := strings.ReplaceAll(uuid.NewString(), "-", "")[:15] + "="
	ch := make(chan []byte, 16)
	g.mu.Lock()
	g.open[id] = ch
	g.mu.Unlock()
	return id, ch, func() {
		g.mu.Lock()
		delete(g.open, id)
		g.mu.Unlock()
	}, nil
}
