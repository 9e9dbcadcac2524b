// Package awscloud is what the AWS side of the cloud ports has in common: its
// settings, HTTP client, credentials, retries, and what kind an error of AWS is.
// The ports themselves are sub-packages (table, blobs, keys, queue, push,
// invoker), one per service: a Go program links what it imports, and one
// unused service client costs a function 0.3 to 0.7 MiB and start-up time.
//
// It decides how long to wait and when to try again; what a refusal means is
// the caller's business. All options of a client are literal: no profile file,
// no chain of credential sources, no look-up of an endpoint at start.
package awscloud
