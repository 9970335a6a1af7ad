// Package engine is the lower half of Socket.IO: Engine.IO protocol 4, a session that carries
// packets both ways over HTTP long-polling or a WebSocket and moves from the first to the second
// without losing or reordering one.
//
// A Session owns its queue, its heartbeat and its transport; the Handler above it sees messages in
// order, one at a time, and is told exactly once that the session closed.
// One rule: Send never waits. What does not fit the queue closes the session.
//
// The clauses cited are those of "Engine.IO Protocol", 4th version
// (github.com/socketio/engine.io-protocol, README.md).
package engine
