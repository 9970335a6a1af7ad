package call

import "time"

// timerOf is a timer of the call (no leg) or of a leg.
type timerOf struct {
	timer timer
	leg   LegID
}

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
	of := timerOf{e.timer, e.leg}
	c := k.timers[of]
	if c == nil {
		c = &clock{}
		k.timers[of] = c
	}
	c.stop()
	var in Input = timedOut{e.timer, e.leg, c.turn}
	if e.timer.ofLeg() {
		in = legTimedOut{e.leg, e.timer, c.turn}
	}
	c.t = time.AfterFunc(e.after, func() { k.post(in) })
}

func (k *Call) clear(of timerOf) {
	if c := k.timers[of]; c != nil {
		c.stop()
	}
}

// stale says that an input is the ring of a timer that was set again meanwhile.
func (k *Call) stale(in Input) bool {
	var of timerOf
	var turn int
	switch in := in.(type) {
	case timedOut:
		of, turn = timerOf{in.timer, in.leg}, in.turn
	case legTimedOut:
		of, turn = timerOf{in.timer, in.leg}, in.turn
	default:
		return false
	}
	c := k.timers[of]
	return c == nil || c.turn != turn
}
