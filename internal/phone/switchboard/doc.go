// Package switchboard is the desk itself: Board is one tenant's desk, with its
// database, its carrier, its agents and its live calls; Exchange opens and
// closes boards and finds the board of a login, a token or a number. Each verb
// of the desk is a file: login, dial, end, mute, press.
//
// The one rule: a Board is the tenant. No method of it takes a tenant id, so
// none can be forgotten.
package switchboard
