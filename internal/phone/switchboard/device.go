package switchboard

import (
	"context"
	"sync"
	"time"

	"softphone/internal/phone/call"
	"softphone/internal/phone/media"
)

const (
	// liveEar is how recently a device must have been heard for a call to be
	// dialled with it: nobody is called by a microphone that is dead.
	liveEar = 2 * time.Second
	// quietEar is how long a device may send nothing before its user's caller
	// hears the hold sound, and deadEar, before the device is given up. Wireless
	// networks lose a second or two; nobody comes back after twenty.
	quietEar = 4 * time.Second
	deadEar  = 20 * time.Second
	// connectTime is how long a device that was offered may take to connect.
	connectTime = 15 * time.Second
)

// Device is an agent's microphone and ear, whatever its kind. It is kept warm
// between calls.
type Device interface {
	media.Port
	// Up is closed when sound can flow.
	Up() <-chan struct{}
	// LastHeard is when the newest sound came; zero before the first.
	LastHeard() time.Time
	// Close ends the device and returns when it has.
	Close()
}

// Why a device is no longer an agent's.
const (
	Replaced = "replaced" // the same user connected another one
	Lost     = "lost"     // its connection ended
)

// devices are the connected devices of a desk: one a user.
type devices struct {
	mu     sync.Mutex
	of     map[call.UserID]*seated
	closed bool
	wait   sync.WaitGroup
}

// seated is a device in use and whoever wants to know what becomes of it.
type seated struct {
	Device
	gone func(why string)
}

func newDevices() *devices { return &devices{of: map[call.UserID]*seated{}} }

// take makes d the user's device and returns the one before it.
func (v *devices) take(u call.UserID, d *seated) *seated {
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.of[u]
	v.of[u] = d
	return old
}

// drop forgets d; false when it was replaced before.
func (v *devices) drop(u call.UserID, d *seated) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.of[u] != d {
		return false
	}
	delete(v.of, u)
	return true
}

func (v *devices) get(u call.UserID) Device {
	v.mu.Lock()
	defer v.mu.Unlock()
	if d := v.of[u]; d != nil {
		return d.Device
	}
	return nil
}

func (v *devices) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.of)
}

// run starts a goroutine that close waits for; false after close.
func (v *devices) run(f func()) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return false
	}
	v.wait.Go(f)
	return true
}

// close ends all devices.
func (v *devices) close() {
	v.mu.Lock()
	v.closed = true
	all := make([]*seated, 0, len(v.of))
	for _, d := range v.of {
		all = append(all, d)
	}
	v.mu.Unlock()
	for _, d := range all {
		d.Close()
	}
	v.wait.Wait()
}

// Attach seats a device as this user's. It takes over when its sound can flow:
// until then the one before goes on. up is called then, gone once at the end.
func (s *Seat) Attach(d Device, up func(), gone func(why string)) {
	one := &seated{d, gone}
	u := call.UserID(s.User.ID)
	if !s.devices.run(func() { s.serve(u, one, up) }) {
		d.Close()
		gone(Lost)
	}
}

// serve is the life of a device: it ends with it.
func (b *Board) serve(u call.UserID, d *seated, up func()) {
	late := time.NewTimer(connectTime)
	defer late.Stop()
	select {
	case <-d.Up():
	case <-d.Done():
		d.gone(Lost)
		return
	case <-late.C:
		d.Close()
		d.gone(Lost)
		return
	}
	old := b.devices.take(u, d)
	up()
	if old != nil {
		old.gone(Replaced)
		old.Close()
	}
	b.hub.device(u, true)
	b.roster.shown(u)
	b.attend(u, d)
	if b.devices.drop(u, d) {
		d.gone(Lost)
		b.hub.device(u, false)
		b.roster.shown(u)
	}
	b.withdraw(u, d)
}

// attend lends the device to its user's calls while it is heard. A page that was
// closed and a network that broke are known by their silence first: a
// microphone that is muted or quiet still sends.
func (b *Board) attend(u call.UserID, d *seated) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	b.lend(u, d)
	lent := true
	for {
		select {
		case <-d.Done():
			return
		case <-tick.C:
		}
		quiet := b.ex.Now().Sub(d.LastHeard())
		switch {
		case d.LastHeard().IsZero(): // it has just connected
		case quiet > deadEar:
			go d.Close() // Done tells when it has
		case lent && quiet > quietEar:
			b.withdraw(u, d)
			lent = false
		case !lent && quiet < time.Second:
			b.lend(u, d)
			lent = true
		}
	}
}

// lend gives a device to the calls of its user.
func (b *Board) lend(u call.UserID, d Device) { b.tell(u, call.DeviceUp{Port: d}) }

func (b *Board) withdraw(u call.UserID, d Device) { b.tell(u, call.DeviceDown{Port: d}) }

func (b *Board) tell(u call.UserID, in call.Input) {
	for _, c := range b.live.of(u) {
		// A call that is over needs no device.
		_ = c.Do(context.Background(), in)
	}
}

// HasDevice reports whether this user's sound is connected.
func (s *Seat) HasDevice() bool { return s.devices.get(call.UserID(s.User.ID)) != nil }

// Heard refuses unless the user's microphone was heard just now.
func (s *Seat) Heard() error {
	if d := s.devices.get(call.UserID(s.User.ID)); d != nil && s.ex.Now().Sub(d.LastHeard()) <= liveEar {
		return nil
	}
	return refuse(NoDevice, "No microphone of yours is heard. Allow the microphone in this page, then try again.")
}
