// Package flows holds the demo flows and their prompts, so that a binary brings
// them along. It decides nothing: what a flow does is in its JSON, and its story
// beside it.
package flows

import "embed"

// Prompts is the folder of prompts: a list and audio for each language.
//
//go:embed prompts
var Prompts embed.FS
