// Package realtime is the wire of the OpenAI Realtime API in its GA form, and
// of the two REST calls that go with it (Responses, Chat Completions): one
// small struct an event, session and response objects, error and close codes.
// Whoever reads a frame asks Peek for its type and decodes only the events it
// handles.
//
// The one rule: an unknown event or field is never an error; the vendor adds
// them without notice.
package realtime
