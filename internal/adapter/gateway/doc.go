// Package gateway is the live door for pages and programs: the Socket.IO
// namespace /voice. Commands come in, are asked of a seat at the switchboard and
// acknowledged; numbered events of the user's calls go out, the missed ones
// first. Table lists all of them; docs/events.md and the page's types are made
// from it.
//
// The one rule: a command names the permission it needs, and the seat behind a
// socket is taken anew for each.
package gateway
