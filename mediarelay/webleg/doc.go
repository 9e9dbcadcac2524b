// Package webleg makes browsers legs of calls: SIP over WebSocket (RFC 7118),
// ICE-lite on one UDP port, DTLS-SRTP, G.711 and telephone-event.
//
// It decides who may open a socket and how long one lives, which of an agent's
// pages is rung, what becomes of a call whose page is reloaded, and which packets
// are the browser's (fingerprint, keys, replay). It leaves SIP dialogs to sipleg,
// to which it hands the bytes in memory, the sound to media, and the call to call,
// which sees one more call.Leg.
package webleg
