// Package assist listens to a call and helps the agent: it writes down what both
// parties say, suggests what to say next and looks things up. It hears through
// two taps, one a leg, so who spoke is known and never guessed.
//
// A Listener owns one call's help. Its models are behind Ear and Brain; they may
// be slow, wrong or dead, and the call never notices.
//
// The one rule: nothing here waits on a model with the call in its hands. Sound
// is queued for five seconds at most, then the oldest is dropped and the line
// says so.
package assist
