package media

import (
	"fmt"
	"sync"
)

// Bridge joins a customer's port and an agent's port: each hears the other.
// Mute stops the agent before anybody can hear, listeners included.
type Bridge struct {
	customer, agent   Port
	fromCust, fromAgt *Tee
	gate              *Gate
	once              sync.Once
}

// NewBridge joins the two ports from the next frame on.
func NewBridge(customer, agent Port) *Bridge {
	b := &Bridge{customer: customer, agent: agent}
	b.fromCust = NewTee(agent)
	b.fromAgt = NewTee(customer)
	b.gate = NewGate(b.fromAgt)
	customer.Connect(b.fromCust)
	agent.Connect(b.gate)
	return b
}

// Mute stops (true) or passes (false) the agent's sound.
func (b *Bridge) Mute(on bool) { b.gate.Shut(on) }

// Muted reports whether the agent is muted.
func (b *Bridge) Muted() bool { return b.gate.IsShut() }

// AgentBytes returns how much of the agent's sound passed and was stopped.
func (b *Bridge) AgentBytes() (passed, stopped int64) { return b.gate.Bytes() }

// TapCustomer adds a listener to what the customer says.
func (b *Bridge) TapCustomer(w Writer) (remove func()) { return b.fromCust.Add(w) }

// TapAgent adds a listener to what the agent says and mute lets through.
func (b *Bridge) TapAgent(w Writer) (remove func()) { return b.fromAgt.Add(w) }

// Close parts the two. The ports live on. Close a bridge before joining
// either port to another: it disconnects whatever they are connected to.
func (b *Bridge) Close() {
	b.once.Do(func() {
		b.customer.Connect(nil)
		b.agent.Connect(nil)
	})
}

func (b *Bridge) String() string {
	return fmt.Sprintf("customer -> %v; agent -> %v", b.fromCust, b.gate)
}
