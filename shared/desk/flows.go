package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"huawu/shared/auth"
	"huawu/shared/flow"
	"huawu/shared/flow/grammar"
	"huawu/shared/flow/lint"
	"huawu/shared/ivr/publish"
	"huawu/shared/ivr/release"
)

// FlowShare is the part of an alias's calls that a version gets.
type FlowShare struct {
	Version int `json:"version" minimum:"1"`
	Percent int `json:"percent" minimum:"1" maximum:"100"`
}

// FlowAlias is a name for versions.
type FlowAlias struct {
	Shares []FlowShare `json:"shares" doc:"They add up to 100"`
	Before []FlowShare `json:"before,omitempty" doc:"What the alias stood for until it was last set"`
}

// FlowHead is a flow without its documents.
type FlowHead struct {
	ID        string               `json:"id"`
	Name      string               `json:"name,omitempty"`
	Type      string               `json:"type,omitempty"`
	Status    string               `json:"status" enum:"SAVED,PUBLISHED" doc:"SAVED: the draft is not published"`
	Published int                  `json:"published" doc:"The version that callers get; 0 is none"`
	Last      int                  `json:"last" doc:"The highest version"`
	Revision  int64                `json:"revision" doc:"Of the draft; 0 is none"`
	Aliases   map[string]FlowAlias `json:"aliases,omitempty"`
}

// FlowVersion is one version of a flow.
type FlowVersion struct {
	Version int        `json:"version"`
	At      *time.Time `json:"at,omitempty"`
	By      string     `json:"by,omitempty"`
	Note    string     `json:"note,omitempty"`
	Sum     string     `json:"sha256"`
}

// FlowFinding is one thing that the linter says about a flow.
type FlowFinding struct {
	Severity string `json:"severity" enum:"error,warning"`
	Rule     string `json:"rule"`
	Action   string `json:"action,omitempty"`
	Type     string `json:"type,omitempty"`
	Field    string `json:"field"`
	Message  string `json:"message"`
}

// FlowNumber is what a dialled number leads to.
type FlowNumber struct {
	Number   string `json:"number" doc:"* stands for all that are not bound"`
	Flow     string `json:"flow" doc:"flow, flow:version, flow:alias or flow:$SAVED"`
	Language string `json:"language,omitempty"`
}

type flowOutput struct{ Body FlowHead }

type flowsOutput struct {
	Body struct {
		Flows []FlowHead `json:"flows"`
	}
}

type flowVersionsOutput struct {
	Body struct {
		FlowHead
		Versions []FlowVersion `json:"versions"`
	}
}

type flowPublishedOutput struct {
	Body struct {
		FlowHead
		Findings []FlowFinding `json:"findings"`
	}
}

type flowNumbersOutput struct {
	Body struct {
		Numbers []FlowNumber `json:"numbers"`
	}
}

type flowInput struct {
	ID string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
}

type flowVersionInput struct {
	ID      string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	Version string `path:"version" maxLength:"64" doc:"A number, an alias, published, or $SAVED"`
}

type flowSaveInput struct {
	ID       string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	Revision int64  `query:"revision" minimum:"0" doc:"Of the draft that was seen; 0 is any"`
	Note     string `query:"note" maxLength:"256"`
	RawBody  []byte
}

type flowPublishInput struct {
	ID   string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	Body struct {
		Revision int64  `json:"revision,omitempty" minimum:"0" doc:"Of the draft that was seen; 0 is any"`
		Note     string `json:"note,omitempty" maxLength:"256"`
		Strict   bool   `json:"strict,omitempty" doc:"Warnings refuse the flow too"`
		Consent  string `json:"consent,omitempty" enum:"announced,asked,off" doc:"Policy for recording"`
	}
}

type flowAliasInput struct {
	ID    string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	Alias string `path:"alias" maxLength:"64"`
	Body  struct {
		Shares  []FlowShare `json:"shares,omitempty" maxItems:"20" doc:"None ends the alias"`
		Restore bool        `json:"restore,omitempty" doc:"What it stood for before, in place of shares"`
	}
}

type flowRollbackInput struct {
	ID   string `path:"id" maxLength:"128" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$"`
	Body struct {
		To int `json:"to,omitempty" minimum:"0" doc:"A version; 0 is the one before"`
	}
}

type flowNumberInput struct {
	Number string `path:"number" maxLength:"32"`
	Body   struct {
		Flow     string `json:"flow" minLength:"1" maxLength:"256"`
		Language string `json:"language,omitempty" maxLength:"35" pattern:"^[A-Za-z0-9-]*$"`
	}
}

// document is a flow's JSON exactly as it was saved.
type flowDocument struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// flowDesk is the part of the desk that changes flows.
type flowDesk struct {
	*Desk
	flows *publish.Publisher
}

func (all *Desk) registerFlows(api huma.API) {
	store := release.Store{Table: all.table, Now: all.now, NewID: rand.Text}
	d := flowDesk{all, &publish.Publisher{Store: store, Router: all.router}}
	const path = "/v1/flows"
	one := path + "/{id}"
	register(all, api, operation{"listFlows", http.MethodGet, path, "The tenant's flows", auth.EditFlows, http.StatusOK}, d.listFlows)
	register(all, api, operation{"getFlow", http.MethodGet, one, "A flow and its versions", auth.EditFlows, http.StatusOK}, d.getFlow)
	register(all, api, operation{"getFlowDocument", http.MethodGet, one + "/versions/{version}", "A version's document, byte for byte", auth.EditFlows, http.StatusOK}, d.flowDocument)
	registerSized(all, api, operation{"saveFlow", http.MethodPut, one + "/draft", "Keep a flow as the draft", auth.EditFlows, http.StatusOK}, flow.MaxBytes, d.saveFlow)
	register(all, api, operation{"publishFlow", http.MethodPost, one + "/publish", "Make the draft the next version, if the linter lets it", auth.EditFlows, http.StatusOK}, d.publishFlow)
	register(all, api, operation{"setFlowAlias", http.MethodPut, one + "/aliases/{alias}", "Share an alias's calls out among versions", auth.EditFlows, http.StatusOK}, d.setFlowAlias)
	register(all, api, operation{"rollbackFlow", http.MethodPost, one + "/rollback", "Let callers get an older version", auth.EditFlows, http.StatusOK}, d.rollbackFlow)
	d.registerJourney(api)
	registerSized(all, api, operation{"putBot", http.MethodPut, "/v1/bots/{id}", "What a bot of flows understands: a keyword grammar", auth.EditFlows, http.StatusOK}, grammar.MaxBytes, d.putBot)
	register(all, api, operation{"listNumbers", http.MethodGet, "/v1/numbers", "What dialled numbers lead to", auth.EditFlows, http.StatusOK}, d.listNumbers)
	register(all, api, operation{"bindNumber", http.MethodPut, "/v1/numbers/{number}", "Let a dialled number lead to a flow", auth.EditFlows, http.StatusOK}, d.bindNumber)
}

func flowHead(h release.Head) FlowHead {
	out := FlowHead{ID: h.ID, Name: h.Name, Type: string(h.Type), Status: h.Status(), Published: h.Published, Last: h.Last, Revision: h.Draft}
	for name, a := range h.Aliases {
		if out.Aliases == nil {
			out.Aliases = map[string]FlowAlias{}
		}
		out.Aliases[name] = FlowAlias{Shares: flowShares(a.Shares), Before: flowShares(a.Before)}
	}
	return out
}

func flowShares(list []release.Share) []FlowShare {
	var out []FlowShare
	for _, s := range list {
		out = append(out, FlowShare(s))
	}
	return out
}

func (d flowDesk) listFlows(ctx context.Context, who auth.Identity, _ *struct{}) (*flowsOutput, error) {
	heads, err := d.flows.List(ctx, who.Tenant)
	out := &flowsOutput{}
	out.Body.Flows = make([]FlowHead, 0, len(heads))
	for _, h := range heads {
		out.Body.Flows = append(out.Body.Flows, flowHead(h))
	}
	return out, err
}

func (d flowDesk) getFlow(ctx context.Context, who auth.Identity, in *flowInput) (*flowVersionsOutput, error) {
	h, list, err := d.flows.Versions(ctx, who.Tenant, in.ID)
	if err != nil {
		return nil, err
	}
	out := &flowVersionsOutput{}
	out.Body.FlowHead, out.Body.Versions = flowHead(h), make([]FlowVersion, 0, len(list))
	for _, v := range list {
		one := FlowVersion{Version: v.Number, By: v.By, Note: v.Note, Sum: v.Sum}
		if !v.At.IsZero() {
			one.At = &v.At
		}
		out.Body.Versions = append(out.Body.Versions, one)
	}
	return out, nil
}

func (d flowDesk) flowDocument(ctx context.Context, who auth.Identity, in *flowVersionInput) (*flowDocument, error) {
	qualifier := in.Version
	if qualifier == "published" {
		qualifier = ""
	}
	v, err := d.flows.Document(ctx, who.Tenant, in.ID, qualifier)
	return &flowDocument{ContentType: "application/json", Body: v.Document}, err
}

func (d flowDesk) saveFlow(ctx context.Context, who auth.Identity, in *flowSaveInput) (*flowOutput, error) {
	h, err := d.flows.Save(ctx, who.Tenant, in.ID, in.RawBody, release.Change{By: who.Agent, Note: in.Note, Revision: in.Revision})
	d.auditFlow(ctx, who, "flow.save", in.ID, err)
	return &flowOutput{flowHead(h)}, err
}

func (d flowDesk) publishFlow(ctx context.Context, who auth.Identity, in *flowPublishInput) (*flowPublishedOutput, error) {
	consent := lint.Announced
	switch in.Body.Consent {
	case "asked":
		consent = lint.Asked
	case "off":
		consent = lint.Anything
	}
	h, found, err := d.flows.Publish(ctx, who.Tenant, in.ID, release.Change{By: who.Agent, Note: in.Body.Note, Revision: in.Body.Revision},
		publish.Options{Strict: in.Body.Strict, Consent: consent})
	d.auditFlow(ctx, who, "flow.publish", in.ID, err)
	var refused *publish.Refused
	if errors.As(err, &refused) {
		return nil, refusedFlow(refused)
	}
	out := &flowPublishedOutput{}
	out.Body.FlowHead, out.Body.Findings = flowHead(h), make([]FlowFinding, 0, len(found))
	for _, f := range found {
		out.Body.Findings = append(out.Body.Findings, FlowFinding{string(f.Severity), string(f.Rule), f.Action, f.Type, f.Field, f.Message})
	}
	return out, err
}

// refusedFlow is the problem of a flow that may not be published: a detail for
// each finding, the worst first.
func refusedFlow(r *publish.Refused) error {
	const most = 100
	var details []error
	for _, severity := range []flow.Severity{flow.Error, flow.Warning} {
		for _, f := range r.Findings {
			if f.Severity == severity && len(details) < most {
				details = append(details, &huma.ErrorDetail{Message: f.Message + " [" + string(f.Rule) + ", " + string(f.Severity) + "]",
					Location: strings.TrimSuffix(strings.TrimSuffix(f.Problem.String(), f.Message), ": ")})
			}
		}
	}
	bad, warned := lint.Count(r.Findings)
	return huma.NewError(http.StatusUnprocessableEntity, "the flow is not published: "+strconv.Itoa(bad)+" errors, "+strconv.Itoa(warned)+" warnings", details...)
}

func (d flowDesk) setFlowAlias(ctx context.Context, who auth.Identity, in *flowAliasInput) (*flowOutput, error) {
	var h release.Head
	var err error
	if in.Body.Restore {
		h, err = d.flows.RestoreAlias(ctx, who.Tenant, in.ID, in.Alias)
	} else {
		var shares []release.Share
		for _, s := range in.Body.Shares {
			shares = append(shares, release.Share(s))
		}
		h, err = d.flows.SetAlias(ctx, who.Tenant, in.ID, in.Alias, shares)
	}
	d.auditFlow(ctx, who, "flow.alias", in.ID, err)
	return &flowOutput{flowHead(h)}, err
}

func (d flowDesk) rollbackFlow(ctx context.Context, who auth.Identity, in *flowRollbackInput) (*flowOutput, error) {
	h, err := d.flows.Rollback(ctx, who.Tenant, in.ID, in.Body.To)
	d.auditFlow(ctx, who, "flow.rollback", in.ID, err)
	return &flowOutput{flowHead(h)}, err
}

func (d flowDesk) listNumbers(ctx context.Context, who auth.Identity, _ *struct{}) (*flowNumbersOutput, error) {
	list, err := d.flows.Numbers(ctx, who.Tenant)
	out := &flowNumbersOutput{}
	out.Body.Numbers = make([]FlowNumber, 0, len(list))
	for _, b := range list {
		out.Body.Numbers = append(out.Body.Numbers, FlowNumber(b))
	}
	return out, err
}

func (d flowDesk) bindNumber(ctx context.Context, who auth.Identity, in *flowNumberInput) (*struct{ Body FlowNumber }, error) {
	b := publish.Binding{Number: in.Number, Flow: in.Body.Flow, Language: in.Body.Language}
	err := d.flows.Bind(ctx, who.Tenant, b)
	d.auditFlow(ctx, who, "number.bind", in.Body.Flow, err)
	return &struct{ Body FlowNumber }{FlowNumber(b)}, err
}

// auditFlow writes who changed what callers hear.
func (d flowDesk) auditFlow(ctx context.Context, who auth.Identity, action, id string, err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	d.audit(ctx, who, action, result, "flow", id)
}
