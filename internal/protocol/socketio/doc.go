// Package socketio is a Socket.IO server, protocol 5 on Engine.IO 4: namespaces, rooms,
// acknowledgements both ways, binary packets, refusals with data. Clients are npm's
// socket.io-client 4 and the package client beside this one.
//
// A Socket is one client in one namespace. Its handlers run in order, one at a time, on a goroutine
// that lives only while there is something to do; emitting never waits, from anywhere.
// One rule: what a client may cost is bounded by Config, and passing a bound closes its connection
// with a reason, after which an honest client reconnects and is told the state anew. There is no
// connection-state recovery.
//
// The clauses cited are those of "Socket.IO Protocol", 5th version
// (github.com/socketio/socket.io-protocol, Readme.md).
package socketio
