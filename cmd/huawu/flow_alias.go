package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
)

// flowAlias lets a name stand for versions.
func flowAlias(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("flow alias", "[--data DIR] ID NAME VERSION[=PERCENT]…", "share an alias's calls out among versions, by contact",
		"huawu flow alias hotline live 3\nhuawu flow alias hotline live 3=90 4=10   # a tenth of the calls try version 4\nhuawu flow alias --back hotline live      # what it stood for before")
	back := f.Bool("back", false, "what it stood for before it was last set")
	remove := f.Bool("remove", false, "end the alias")
	rest, c, err := atCentre(f, args, data, output, 2, -1)
	if err != nil {
		return err
	}
	body := map[string]any{}
	switch given := len(rest) > 2; {
	case *back && *remove || given == (*back || *remove):
		return wrongUsage(f, "want versions, or --back, or --remove")
	case *back:
		body["restore"] = true
	case given:
		list, err := readShares(rest[2:])
		if err != nil {
			return wrongUsage(f, "%s", err)
		}
		body["shares"] = list
	}
	var h flowHead
	if err := c.do(ctx, "PUT", flowPath(rest[0], "aliases", rest[1]), body, &h); err != nil {
		return err
	}
	if *output == "json" {
		return printJSON(out, h)
	}
	if a, ok := h.Aliases[rest[1]]; ok {
		_, err = fmt.Fprintf(out, "%s:%s is %s\n", rest[0], rest[1], shares(a.Shares))
	} else {
		_, err = fmt.Fprintf(out, "%s:%s is no more\n", rest[0], rest[1])
	}
	return err
}

// readShares reads "3", or "3=90" "4=10".
func readShares(words []string) ([]flowShare, error) {
	var list []flowShare
	for _, word := range words {
		version, percent, shared := strings.Cut(word, "=")
		s := flowShare{Percent: 100}
		var err, bad error
		s.Version, err = strconv.Atoi(version)
		if shared {
			s.Percent, bad = strconv.Atoi(strings.TrimSuffix(percent, "%"))
		}
		if err != nil || bad != nil {
			return nil, errors.New("want VERSION or VERSION=PERCENT, not " + word)
		}
		list = append(list, s)
	}
	return list, nil
}

// flowRollback lets callers get an older version.
func flowRollback(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("flow rollback", "[--data DIR] [--to VERSION] ID", "let new calls get an older version; live calls stay on theirs", "huawu flow rollback hotline")
	to := f.Int("to", 0, "a version; without it the one before")
	rest, c, err := atCentre(f, args, data, output, 1, 1)
	if err != nil {
		return err
	}
	var h flowHead
	if err := c.do(ctx, "POST", flowPath(rest[0], "rollback"), map[string]any{"to": *to}, &h); err != nil {
		return err
	}
	if *output == "json" {
		return printJSON(out, h)
	}
	_, err = fmt.Fprintf(out, "%s: callers get %s of %d within 30 s\n", h.ID, versionText(h.Published), h.Last)
	return err
}

// flowNumber lists what numbers lead to, or binds one.
func flowNumber(ctx context.Context, out io.Writer, args []string) error {
	f, data, output := centreFlags("flow number", "[--data DIR] [--language CODE] [NUMBER FLOW[:VERSION|:ALIAS]]", "list what dialled numbers lead to, or let one lead to a flow; '*' is every other number",
		"huawu flow number\nhuawu flow number --language zh-CN 95000 hotline:live")
	language := f.String("language", "", "language of callers until the flow says otherwise, e.g. zh-CN")
	rest, c, err := atCentre(f, args, data, output, 0, 2)
	if err != nil {
		return err
	}
	if len(rest) == 1 {
		return wrongUsage(f, "want a number and a flow")
	}
	type number struct {
		Number   string `json:"number"`
		Flow     string `json:"flow"`
		Language string `json:"language,omitempty"`
	}
	var all struct {
		Numbers []number `json:"numbers"`
	}
	if len(rest) == 2 {
		all.Numbers = make([]number, 1)
		err = c.do(ctx, "PUT", "/v1/numbers/"+url.PathEscape(rest[0]), map[string]any{"flow": rest[1], "language": *language}, &all.Numbers[0])
	} else {
		err = c.do(ctx, "GET", "/v1/numbers", nil, &all)
	}
	if err != nil {
		return err
	}
	if *output == "json" {
		return printJSON(out, all.Numbers)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, n := range all.Numbers {
		fmt.Fprintf(w, "%s\t%s\t%s\n", n.Number, n.Flow, n.Language)
	}
	return w.Flush()
}
