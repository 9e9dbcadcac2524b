package sim

import (
	"embed"
	"strings"
	"time"

	"huawu/shared/acd"
	"huawu/shared/cloud"
	"huawu/shared/ivr"
	"huawu/shared/phone"
)

//go:embed flows
var flows embed.FS

// Times of the queue that everybody waits in.
const (
	ringSeconds = 20
	acwSeconds  = 30
)

// Numbers that callers dial, beside 95000 for loans.
const (
	cardsNumber = "95001" // needs a skill
	vipNumber   = "95002" // loans, before all others
	goldNumber  = "95003" // a queue without agents of its own: others help after a while, or at once if many wait
	oldNumber   = "95004" // a queue without agents that is deleted
	backNumber  = "95005" // calls back
	wrongNumber = "95006" // would call back a number that is none
	stepsNumber = "95007" // loans: by a certain agent, then by one with a skill, then by anybody
)

// needsOf and skillsOf say who may serve cards: every second of those who could.
func needsOf() map[string]int { return map[string]int{"card": 2} }

func skillsOf(profile string) map[string]int {
	if profile == "both" {
		return map[string]int{"card": 3}
	}
	return nil
}

// overflows says whose agents help those who wait in gold, and from when.
const (
	overflowSeconds = 20
	overflowDepth   = 2
	goldPatience    = 240 // seconds
)

// servedBy returns how long a contact of a queue must have waited before an agent
// of a profile may have it; ok is false for never.
func servedBy(queue, profile string) (delay time.Duration, ok bool) {
	for _, p := range profiles() {
		for _, q := range p.Queues {
			if p.ID == profile && q.Queue == queue {
				return q.Delay, true
			}
		}
	}
	if queue == "gold" {
		delay, ok = servedBy("loans", profile)
		return max(delay, overflowSeconds*time.Second), ok
	}
	return 0, false
}

func profiles() []acd.Profile {
	return []acd.Profile{
		{ID: "loans", Group: "main", Queues: []acd.ProfileQueue{{Queue: "loans", Priority: 1}}},
		{ID: "both", Group: "main", Queues: []acd.ProfileQueue{{Queue: "cards", Priority: 1}, {Queue: "loans", Priority: 2, Delay: 10 * time.Second}}},
	}
}

// configuration is the tenant's.
func configuration() []cloud.Write {
	all := []cloud.Write{
		acd.Queue{ID: "loans", Name: "Loans", Group: "main", RingSeconds: ringSeconds, ACWSeconds: acwSeconds, CallerID: "95000"}.Put(Tenant),
		acd.Queue{ID: "cards", Name: "Cards", Group: "main", RingSeconds: ringSeconds, ACWSeconds: acwSeconds, Needs: needsOf()}.Put(Tenant),
		acd.Queue{ID: "gold", Name: "Gold", Group: "main", RingSeconds: ringSeconds, ACWSeconds: acwSeconds,
			Overflow: "loans", OverflowSeconds: overflowSeconds, OverflowDepth: overflowDepth, MaxWaitSeconds: goldPatience}.Put(Tenant),
		acd.Queue{ID: "old", Name: "Old", Group: "main", RingSeconds: ringSeconds, ACWSeconds: acwSeconds}.Put(Tenant),
	}
	for _, p := range profiles() {
		all = append(all, p.Put(Tenant))
	}
	menu := flow("menu")
	for _, n := range []struct{ number, name, doc string }{
		{"95000", "menu", menu},
		{cardsNumber, "menu-cards", into(menu, "cards")},
		{vipNumber, "menu-vip", strings.Replace(menu, `"Type": "UpdateContactAttributes", "Parameters": {"Attributes": {"menu": "loans"}}`,
			`"Type": "UpdateContactRoutingBehavior", "Parameters": {"QueuePriority": "1"}`, 1)},
		{goldNumber, "menu-gold", into(menu, "gold")},
		{oldNumber, "menu-old", into(menu, "old")},
		{backNumber, "menu-back", first(menu, "number", calledBack("$.CustomerEndpoint.Address"))},
		{wrongNumber, "menu-wrong", first(menu, "number", calledBack("$.Attributes.nothing"))},
		{stepsNumber, "menu-steps", first(menu, "steps", relaxed)},
	} {
		all = append(all, ivr.PutFlow(Tenant, n.name, n.name, []byte(n.doc), 1),
			ivr.Number{Number: phone.MustParse(n.number), Flow: n.name, Language: "zh-CN"}.Put(Tenant))
	}
	return append(all, ivr.PutFlow(Tenant, "queue", "queue", []byte(flow("queue")), 1))
}

// into is a menu that leads to another queue.
func into(menu, queue string) string {
	return strings.Replace(menu, `"QueueId": "loans"`, `"QueueId": "`+queue+`"`, 1)
}

// first is a menu that does something before the caller waits.
func first(menu, action, text string) string {
	menu = strings.Replace(menu, `"Transitions": {"NextAction": "target"`, `"Transitions": {"NextAction": "`+action+`"`, 1)
	return strings.Replace(menu, `{"Identifier": "target"`, text+`{"Identifier": "target"`, 1)
}

// calledBack lets a caller be called back; who cannot be waits.
func calledBack(number string) string {
	return `{"Identifier": "number", "Type": "UpdateContactCallbackNumber", "Parameters": {"CallbackNumber": "` + number + `"},
   "Transitions": {"NextAction": "back", "Errors": [{"NextAction": "target", "ErrorType": "InvalidCallbackNumber"}, {"NextAction": "target", "ErrorType": "CallbackNumberNotDialable"}], "Conditions": []}},
  {"Identifier": "back", "Type": "CreateCallbackContact",
   "Parameters": {"QueueId": "loans", "InitialCallDelaySeconds": "5", "MaximumConnectionAttempts": "2", "RetryDelaySeconds": "30"},
   "Transitions": {"NextAction": "bye", "Errors": [{"NextAction": "target", "ErrorType": "NoMatchingError"}], "Conditions": []}},
  `
}

// relaxed asks for one agent, then for a skill, then for nothing.
const relaxed = `{"Identifier": "steps", "Type": "UpdateContactRoutingCriteria", "Parameters": {"RoutingCriteria": {"Steps": [
    {"Expression": {"AttributeCondition": {"MatchCriteria": {"AgentsCriteria": {"AgentIds": ["agent-00"]}}}}, "Expiry": {"DurationInSeconds": "30"}},
    {"Expression": {"AttributeCondition": {"Name": "skill", "Value": "card", "ProficiencyLevel": "2", "ComparisonOperator": "NumberGreaterOrEqualTo"}}, "Expiry": {"DurationInSeconds": "20"}}]}},
   "Transitions": {"NextAction": "target", "Errors": [{"NextAction": "target", "ErrorType": "NoMatchingError"}], "Conditions": []}},
  `

func flow(name string) string {
	doc, err := flows.ReadFile("flows/" + name + ".json")
	if err != nil {
		panic(err) // it is embedded
	}
	return string(doc)
}
