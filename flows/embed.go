// Package flows holds the demo flows and their prompts, so that a binary brings
// them along, and beside them flows to begin one's own from: those of the hotline
// of an appliance maker. It decides nothing: what a flow does is in its JSON, and
// its story beside it. Texts with stored audio are in prompts/<language>/prompts.txt,
// texts for the synthesizer in texts.txt.
package flows

import "embed"

// Prompts is the folder of prompts: a list and audio for each language.
//
//go:embed prompts
var Prompts embed.FS
