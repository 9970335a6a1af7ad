package call

import "time"

// clock is a timer of a call. Its turn tells a ring of the timer from one that
// was on its way when the timer was set again.
type clock struct {
	turn int
	t    *time.Timer
}

func (c *clock) stop() {
	c.turn++
	if c.t != nil {
		c.t.Stop()
	}
}

func (k *Call) set(e setTimer) {
	c := k.timers[e.timer]
	if c == nil {
		c = &clock{}
		k.timers[e.timer] = c
	}
	c.stop()
	in := timedOut{e.timer, c.turn}
	c.t = time.AfterFunc(e.after, func() { k.post(in) })
}

func (k *Call) clear(t timer) {
	if c := k.timers[t]; c != nil {
		c.stop()
	}
}

// due says whether a ring counts.
func (k *Call) due(t timedOut) bool {
	c := k.timers[t.timer]
	return c != nil && c.turn == t.turn
}
