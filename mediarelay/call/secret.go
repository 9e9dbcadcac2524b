package call

import "time"

// secretTail is how long after the last secret digit its leg is not recorded and
// what is typed counts as secret: a key may be held, and a card has more digits
// than somebody thought.
const secretTail = 2 * time.Second

// beginSecret begins the time in which what a leg types is seen by nobody but
// who seals it: no recording hears the leg, as digits may be tones, and digits
// that nobody takes wait for the next sealed input only. What was typed before
// does not count: it may have been recorded.
func (c *call) beginSecret(p *party) {
	if p.stopSecret != nil {
		p.stopSecret()
		p.stopSecret = nil
	}
	if !p.secretKeys {
		p.typed = nil
	}
	p.secret, p.secretKeys = true, true
	c.retape()
}

// endSecret ends it after secretTail. more says that further digits may belong
// to what was typed; otherwise they are for whoever asks next.
func (c *call) endSecret(p *party, more bool) {
	if p.stopSecret != nil {
		p.stopSecret()
	}
	p.secretKeys = more
	p.stopSecret = c.after(secretTail, func() {
		p.secret, p.secretKeys, p.stopSecret = false, false, nil
		p.forgetSecrets()
		c.retape()
	})
}

// keepSecret takes a digit that only a sealed input may have; whoever goes on
// typing goes on being heard by nobody.
func (c *call) keepSecret(p *party, d byte) {
	if p.stopSecret != nil {
		c.endSecret(p, true)
	}
	p.keep(d, time.Now())
}

// forgetSecrets drops the digits that only a sealed input may have.
func (p *party) forgetSecrets() {
	kept := p.typed[:0]
	for _, k := range p.typed {
		if !k.secret {
			kept = append(kept, k)
		}
	}
	clear(p.typed[len(kept):])
	p.typed = kept
}
