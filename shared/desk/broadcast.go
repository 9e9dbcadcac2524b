package desk

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"huawu/shared/agent"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

type broadcastInput struct {
	Body struct {
		Text    string `json:"text" minLength:"1" maxLength:"1000" doc:"Plain text, 1 to 1,000 characters; markup is shown as it is"`
		Profile string `json:"profile,omitempty" maxLength:"64" doc:"Only agents of this routing profile"`
		Queue   string `json:"queue,omitempty" maxLength:"64" doc:"Only agents who serve this queue"`
	}
}

// Broadcast is a message that was sent.
type Broadcast struct {
	ID string    `json:"id" format:"uuid"`
	At time.Time `json:"at"`
}

type broadcastOutput struct{ Body Broadcast }

func (d *Desk) registerBroadcast(api huma.API) {
	register(d, api, operation{"broadcast", http.MethodPost, "/v1/broadcasts", "Send a short message to agents", auth.Supervise, http.StatusAccepted}, d.broadcast)
}

// broadcast writes the message down: pages are told by the table's stream, and
// those that come within the next hours find it.
func (d *Desk) broadcast(ctx context.Context, who auth.Identity, in *broadcastInput) (*broadcastOutput, error) {
	text := strings.TrimSpace(in.Body.Text)
	switch {
	case text == "":
		return nil, wrongField("body.text", "expected a text that is more than blanks")
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return nil, wrongField("body.text", "expected no control characters but line ends")
	}
	routing, err := d.router.Routing(ctx, who.Tenant)
	if err != nil {
		return nil, err
	}
	if _, known := routing.Profiles[in.Body.Profile]; in.Body.Profile != "" && !known {
		return nil, wrongField("body.profile", "no such routing profile")
	}
	if _, known := routing.Queues[in.Body.Queue]; in.Body.Queue != "" && !known {
		return nil, wrongField("body.queue", "no such queue")
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fault.Wrap(fault.Internal, err, "make an id")
	}
	n := agent.Notice{Tenant: who.Tenant, ID: id.String(), At: contact.Instant(d.now()), From: who.Agent, Text: text, Profile: in.Body.Profile, Queue: in.Body.Queue}
	err = d.audited(ctx, who, "broadcast", n.ID, func() error {
		_, err := d.table.Write(ctx, n.Put())
		return fault.Wrap(fault.KindOf(err), err, "send notice")
	})
	return &broadcastOutput{Broadcast{n.ID, n.At}}, err
}
