// Package call is a telephone call: the people in it, the legs that reach
// them, the rules of what may happen next, and the one goroutine that owns all
// of it. Everybody else (a webhook, an agent's click, a socket that closed, a
// timer, the assistant) sends an Input and may wait for the answer.
//
// The one rule: the owner never waits for a network or a database. Slow work
// is an effect done by the call's worker, in order; what came of it is one more
// Input.
package call
