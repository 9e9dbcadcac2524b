package speech

import (
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"huawu/shared/fault"
)

// FuzzReadCatalogue reads lists of prompts: what is taken stays below its folder
// and is found again by its name, all else is fault.Invalid.
func FuzzReadCatalogue(f *testing.F) {
	for _, list := range []string{"welcome: 您好", "# list\na: x | y\n\nb:z", "a: x\na: y", "../etc: a", "..: a", "a |", ":", "a: x |"} {
		f.Add(list)
	}
	f.Fuzz(func(t *testing.T, list string) {
		c, err := ReadCatalogue(fstest.MapFS{"zh-CN/" + CatalogueFile: {Data: []byte(list)}})
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Fatalf("%v is %s, want invalid", err, fault.KindOf(err))
			}
			return
		}
		for _, p := range c.All() {
			if found, ok := c.ByID("zh-CN", p.ID); !ok || found != p {
				t.Fatalf("%q is not found by its name", p.ID)
			}
			if path.Dir(p.Path()) != "zh-CN" || strings.TrimSpace(p.Say) == "" {
				t.Fatalf("%+v lies at %q", p, p.Path())
			}
		}
	})
}
