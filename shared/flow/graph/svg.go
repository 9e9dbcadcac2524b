package graph

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"huawu/shared/flow"
)

// SVG draws a flow as a picture that needs nothing else: no script, no font,
// no style sheet from elsewhere. Each block has its identifier as a tooltip. The
// traffic may be nil.
func SVG(f *flow.Flow, t *Traffic) []byte {
	list := links(f)
	l := arrange(f, list)
	width, height := l.size()
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="system-ui, sans-serif" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, "<title>%s</title>\n", escape(f.Name))
	b.WriteString(`<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="#6b7280"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	for i, k := range list {
		l.drawLink(&b, k, l.back[i], l.via[i], t.link(f, k), t.share(f, k))
	}
	for i := range f.Actions {
		l.drawBlock(&b, &f.Actions[i], i, f.Actions[i].Identifier == f.StartAction, t.block(f.Actions[i].Identifier))
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// drawBlock draws a block: type, what it is about, and its identifier, or what
// callers did there.
func (l *layout) drawBlock(b *strings.Builder, a *flow.Action, i int, start bool, note string) {
	x, y := l.corner(i)
	fill, border := classOf(a.Type).colours()
	thick := 1
	if start {
		thick = 3
	}
	fmt.Fprintf(b, `<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="%s" stroke="%s" stroke-width="%d"/>`,
		escape(a.Identifier), x, y, boxWidth, boxHeight, fill, border, thick)
	line := func(dy, size int, weight, text string) {
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="%d" font-weight="%s" fill="#111827" text-anchor="middle">%s</text>`, x+boxWidth/2, y+dy, size, weight, escape(text))
	}
	line(19, 12, "600", clip(a.Type, 32))
	line(35, 11, "400", clip(detail(a), 34))
	if note != "" {
		line(50, 10, "700", clip(note, 38))
	} else {
		line(50, 10, "400", clip(a.Identifier, 38))
	}
	b.WriteString("</g>\n")
}

// drawLink draws a branch from the bottom of a block to the top of another; a
// way back goes around on the right. Branches that only errors take are dashed;
// one that many callers took is thick.
func (l *layout) drawLink(b *strings.Builder, k link, back bool, via []int, count int, share float64) {
	x1, y1 := l.corner(k.from)
	x2, y2 := l.corner(k.to)
	dash := ""
	if k.failure {
		dash = ` stroke-dasharray="5 4"`
	}
	if count > 0 {
		dash += fmt.Sprintf(` stroke-width="%.1f"`, 1+5*share)
		k.label = joined(strconv.Itoa(count)+" ×", k.label)
	}
	var path string
	var labelX, labelY int
	if back || k.from == k.to {
		x1, y1, x2, y2 = x1+boxWidth, y1+boxHeight/2, x2+boxWidth, y2+boxHeight/3
		out := max(x1, x2) + gapX
		path = fmt.Sprintf("M%d %d C%d %d %d %d %d %d", x1, y1, out, y1, out, y2, x2, y2)
		labelX, labelY = out-gapX/2, (y1+y2)/2
	} else {
		x1, y1, x2 = x1+boxWidth/2, y1+boxHeight, x2+boxWidth/2
		path = l.curve(x1, y1, x2, y2, via)
		next := x2
		if len(via) > 0 {
			next, _ = l.corner(via[0])
		}
		labelX, labelY = (x1+next)/2, y1+gapY/2
	}
	fmt.Fprintf(b, `<path d="%s" fill="none" stroke="#6b7280"%s marker-end="url(#tip)"><title>%s</title></path>`, path, dash, escape(k.label))
	if k.label != "" && (!k.failure || count > 0) {
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="10" fill="#374151" text-anchor="middle" stroke="#ffffff" stroke-width="3" paint-order="stroke">%s</text>`, labelX, labelY, escape(clip(k.label, 24)))
	}
	b.WriteString("\n")
}

// curve is a path down through points; past a block's layer it runs straight.
func (l *layout) curve(x1, y1, x2, y2 int, via []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%d %d", x1, y1)
	to := func(x, y int) {
		bend := max(gapY/2, (y-y1)/3)
		fmt.Fprintf(&b, " C%d %d %d %d %d %d", x1, y1+bend, x, y-bend, x, y)
		x1, y1 = x, y
	}
	for _, point := range via {
		x, y := l.corner(point)
		to(x, y)
		fmt.Fprintf(&b, " V%d", y+boxHeight)
		y1 = y + boxHeight
	}
	to(x2, y2)
	return b.String()
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder takes everything
	return b.String()
}
