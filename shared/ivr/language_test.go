package ivr

import (
	"testing"

	"huawu/shared/sma"
)

func TestTheLanguageThatWasAskedForBeforeTheCall(t *testing.T) {
	for sent, want := range map[string]string{"en-US": "en-US", "zh-CN": "zh-CN", "": "", "../../etc": "", "en_US": "", "en-US; drop": "", "a-language-tag-of-no-end": ""} {
		if got := asked(sma.Attributes{"X-Language": sent}); got != want {
			t.Errorf("%q is %q, want %q", sent, got, want)
		}
	}
	if got := asked(nil); got != "" {
		t.Errorf("nobody asked for %q", got)
	}
}
