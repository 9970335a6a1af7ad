// Package gate stands before everything that can originate a call: a person at
// a page, a program at the REST door, a transfer, a call-back, later an
// assistant or a campaign. It reads the number, applies the desk's policy and
// counts pace, lines and money; what it lets pass carries a Permit.
//
// The one rule: an order to dial names no number but that of its Permit, and
// only Check makes one.
package gate
