// Package twilio joins the telephone desk to Twilio: a Carrier that places and
// ends legs over REST, and the Doors through which Twilio comes to us with
// requests for documents, status callbacks and the sound of legs.
//
// The one rule: nothing that comes through a door is believed before its
// signature, or the one-time token of its stream, was checked.
package twilio
