package acd

import (
	"testing"
	"time"

	"huawu/shared/cloud/localcloud"
	"huawu/shared/contact"
)

// TestATalkNeverEndsBeforeItBegan lets who is consulted answer while the step that
// ends the talk stands still and has read nothing yet.
func TestATalkNeverEndsBeforeItBegan(t *testing.T) {
	for name, end := range map[string]func(w *world, c *contact.Contact, party contact.OfferID) error{
		"the agent lets go": func(w *world, c *contact.Contact, _ contact.OfferID) error {
			_, _, err := w.router.CancelConsult(w.ctx, c)
			return err
		},
		"the leg is gone": func(w *world, _ *contact.Contact, party contact.OfferID) error {
			_, _, err := w.router.DropParty(w.ctx, tenant, "c1", party, Gone{Told: true})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := talkWorld(t)
			w.did(w.router.Consult(w.ctx, w.contact("c1"), "wu"))
			c, party, still := w.contact("c1"), w.partyOf("wu").ID, true
			w.cloud.SetFaults(localcloud.Faults{Each: func(localcloud.Call) localcloud.Verdict {
				if still {
					still = false
					w.clock.Advance(3 * time.Second)
					w.answers("wu")
				}
				return localcloud.Pass
			}})
			w.must(nil, end(w, c, party))
			left, err := w.router.Left(w.ctx, tenant, "c1", party)
			if err != nil || left == nil {
				t.Fatalf("the segment of who was consulted: %v, %v", left, err)
			}
			if left.Disconnected.Before(left.AgentJoined) {
				t.Errorf("joined at %v, over at %v", left.AgentJoined, left.Disconnected)
			}
		})
	}
}
