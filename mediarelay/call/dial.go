package call

import (
	"strings"

	"huawu/shared/sma"
)

// arnPrefix begins the names of our own endpoints:
// arn:aws:huawu:::agent/<tenant>/<agentId> and arn:aws:huawu:::trunk/<tenant>/<trunkId>.
const arnPrefix = "arn:aws:huawu:"

// destination says where an endpoint of CallAndBridge is. A call reaches only
// what belongs to its tenant, whatever tenant the ARN names; an ARN of another
// service, such as a voice connector, is the tenant's trunk.
func (c *call) destination(e sma.Endpoint) Target {
	to := Target{Kind: ToTrunk, CallID: c.id, Tenant: c.in.Tenant, URI: string(e.URI)}
	if e.BridgeEndpointType != sma.EndpointAWS || !strings.HasPrefix(e.Arn, arnPrefix) {
		return to
	}
	resource := e.Arn[strings.LastIndexByte(e.Arn, ':')+1:]
	kind, rest, _ := strings.Cut(resource, "/")
	_, id, _ := strings.Cut(rest, "/")
	if kind == "trunk" {
		to.TrunkID = id
		return to
	}
	to.Kind = ToAgent
	return to
}
