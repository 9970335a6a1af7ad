// Package openai implements assist's Ear and Brain, and the settings page's test,
// over OpenAI's Realtime API: a transcription session a leg and a text session a
// call, all of them WebSockets this side opens.
//
// The one rule: the HTTP status tells nothing. A refused session is accepted with
// 101, gets an error event and is closed with 3000 or 4000, so what failed is
// read from events and close reasons (faults in fault.go).
package openai
