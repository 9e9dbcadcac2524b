package desk

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/acd"
	"huawu/shared/auth"
	"huawu/shared/contact"
	"huawu/shared/fault"
)

type placeInput struct {
	clientAddress
	Body struct {
		Contact string `json:"contactId" format:"uuid" maxLength:"64" doc:"The contact that waits, as its flow has told its customer"`
	}
}

// PlaceToken is a place in line that outlives the call.
type PlaceToken struct {
	Token string    `json:"token" doc:"Good once: send it with the next call as the header X-Place, or have its flow set the attribute placeToken"`
	Until time.Time `json:"until" doc:"When it is too old"`
}

type placeOutput struct{ Body PlaceToken }

func (d *Desk) registerPlaces(api huma.API) {
	registerFailing(d, api, operation{"keepPlace", http.MethodPost, "/v1/call/places", "Keep the place in line of a contact that waits", "", http.StatusCreated},
		[]int{http.StatusNotFound, http.StatusTooManyRequests, http.StatusServiceUnavailable}, d.keepPlace)
}

// keepPlace gives the place to who knows the contact's id: its customer, whom the
// flow has told by a text message or page. The id cannot be guessed, and one that
// is wrong is answered as one that does not wait.
func (d *Desk) keepPlace(ctx context.Context, _ auth.Identity, in *placeInput) (*placeOutput, error) {
	page := d.sip.Caller
	if page == nil {
		return nil, fault.New(fault.NotFound, "no such path")
	}
	if err := d.login.Allow(ctx, "place", in.address, page.Allowance); err != nil {
		return nil, tooMany(err)
	}
	c, err := d.router.Contact(ctx, page.Tenant, contact.ID(in.Body.Contact))
	if err != nil && !errors.Is(err, acd.ErrNoContact) {
		return nil, err
	}
	if c == nil || c.State != contact.Queued {
		return nil, fault.New(fault.NotFound, "nobody waits by this id")
	}
	token, err := d.places.Issue(ctx, c)
	if err != nil {
		return nil, err
	}
	return &placeOutput{PlaceToken{token, d.now().Add(acd.PlaceLife).UTC()}}, nil
}
