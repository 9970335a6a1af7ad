package switchboard

import (
	"maps"
	"slices"
)

// Count is how much goes on at all open desks.
type Count struct {
	Desks, Calls, Devices int
}

// Count counts now.
func (e *Exchange) Count() Count {
	e.mu.Lock()
	boards := slices.Collect(maps.Values(e.boards))
	e.mu.Unlock()
	c := Count{Desks: len(boards)}
	for _, b := range boards {
		c.Calls += len(b.live.all())
		c.Devices += b.devices.count()
	}
	return c
}
