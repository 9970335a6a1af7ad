// Package recording keeps the sound of a call. A Take hears both sides, puts
// them on one clock and seals them in pieces of at most ten seconds; a Shelf
// keeps the pieces; an Archive finishes a recording, plays it and forgets it.
// Customer left, agent right, mu-law as it came: nothing is transcoded.
//
// The one rule: what the recording does not have, its gap list tells, with the
// reason. Silence means that nobody spoke.
package recording
