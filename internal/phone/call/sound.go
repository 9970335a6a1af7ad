package call

import (
	"slices"
	"sync"

	"softphone/internal/phone/media"
)

// sound makes what hears says come true. It belongs to the owner; what plays
// once is waited for by goroutines that end with stop.
type sound struct {
	call    *Call
	room    *media.Room
	in      map[LegID]*present
	talk    Talk // as listeners were told last
	message bool // the machine records
	playing map[LegID]func()
	wait    sync.WaitGroup
}

// present is a party in the room.
type present struct {
	port  media.Port
	mouth *media.Mouth
	hears Hears
	set   bool
}

func newSound(k *Call) *sound {
	return &sound{call: k, room: media.NewRoom(), in: map[LegID]*present{}, playing: map[LegID]func(){}}
}

// follow moves the sound to a state.
func (o *sound) follow(s State) {
	plan := hears(s)
	o.leave(s, plan)
	for _, h := range plan {
		p := s.party(h.Leg)
		if o.in[h.Leg] == nil {
			o.in[h.Leg] = &present{port: p.port, mouth: o.room.Enter(p.port)}
		}
		o.in[h.Leg].mouth.Shut(s.gated(p))
	}
	for _, h := range plan {
		o.hear(o.in[h.Leg], h)
	}
	o.tell(s)
}

// leave takes out of the room who is not in the plan, or there with another port.
func (o *sound) leave(s State, plan []Hears) {
	for leg, at := range o.in {
		p := s.party(leg)
		if slices.ContainsFunc(plan, func(h Hears) bool { return h.Leg == leg }) && p.port == at.port {
			continue
		}
		o.hush(leg)
		o.room.Leave(at.port)
		delete(o.in, leg)
		for _, other := range o.in {
			other.set = false // who heard it hears something else now
		}
	}
}

func (o *sound) hear(at *present, h Hears) {
	if at.set && at.hears.Tone == h.Tone && slices.Equal(at.hears.From, h.From) {
		return
	}
	at.hears, at.set = h, true
	from := make([]media.Port, 0, len(h.From))
	for _, leg := range h.From {
		from = append(from, o.in[leg].port)
	}
	o.room.Hear(at.port, from, tones[h.Tone])
}

var tones = map[Tone]func() media.Source{
	Ringback: func() media.Source { return media.Ringback() },
	Music:    func() media.Source { return media.HoldMusic() },
}

// tell says to the listeners who is in conversation with the customer.
func (o *sound) tell(s State) {
	talk := Talk{Since: s.Call.AnsweredAt, Message: o.message && s.Stage == Voicemail}
	c := s.customer()
	for _, p := range s.who(func(p *Party) bool { return o.in[p.Leg.ID] != nil && p.Room == c.Room }) {
		talk.Voices = append(talk.Voices, Voice{p.Leg.ID, p.Leg.Role, p.User, o.in[p.Leg.ID].mouth})
	}
	alone := len(talk.Voices) < 2 && !talk.Message
	talk.Waiting = alone && !talk.Since.IsZero()
	if o.in[c.Leg.ID] == nil || alone && !talk.Waiting {
		talk.Voices, talk.Waiting = nil, false
	}
	if sameTalk(talk, o.talk) {
		return
	}
	o.talk = talk
	for _, l := range o.call.cfg.Listeners {
		l.Follow(talk)
	}
}

func sameTalk(a, b Talk) bool {
	return a.Message == b.Message && a.Waiting == b.Waiting && a.Since.Equal(b.Since) && slices.Equal(a.Voices, b.Voices)
}

// press sounds keys to a telephone.
func (o *sound) press(e playKeys) {
	tone, ok := media.Keys(e.digits)
	if at := o.in[e.leg]; ok && at != nil {
		o.play(at.port, e.leg, tone, keysDone{})
		return
	}
	o.later(keysDone{})
}

// announce plays a prompt to a telephone.
func (o *sound) announce(e play) {
	at, src := o.in[e.leg], prompt(e.prompt)
	if at == nil { // the sound follows the state after its effects
		if p := o.call.state.party(e.leg); p != nil && p.port != nil {
			o.follow(o.call.state)
			at = o.in[e.leg]
		}
	}
	if at == nil {
		o.later(played{e.prompt})
		return
	}
	o.play(at.port, e.leg, src, played{e.prompt})
}

// prompt is an announcement; a caller is told by a beep when to speak.
func prompt(name string) media.Source {
	src := media.Prompt(name)
	if name == "voicemail" {
		return media.Sequence(src, media.Beep())
	}
	return src
}

func (o *sound) play(port media.Port, leg LegID, src media.Source, after Input) {
	o.hush(leg)
	done, stop := o.room.Play(port, src)
	o.playing[leg] = stop
	o.wait.Go(func() {
		<-done
		o.call.post(after)
	})
}

// later posts an input from beside the owner.
func (o *sound) later(in Input) { o.wait.Go(func() { o.call.post(in) }) }

// hush ends what is played to a telephone.
func (o *sound) hush(leg LegID) {
	if stop := o.playing[leg]; stop != nil {
		stop()
		delete(o.playing, leg)
	}
}

// over ends all sound and tells the listeners.
func (o *sound) over() {
	for leg := range o.playing {
		o.hush(leg)
	}
	o.room.Close()
	o.in = map[LegID]*present{}
	for _, l := range o.call.cfg.Listeners {
		l.Over()
	}
}

func (o *sound) stop() { o.wait.Wait() }
