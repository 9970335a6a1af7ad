package call

import (
	"errors"
	"time"
)

// Times of the doubts. One query a leg in 30 s is what an account can bear with
// hundreds of calls.
const (
	firstWord   = 10 * time.Second // from the order to the carrier's first callback
	lookEvery   = 30 * time.Second // while it rings: callbacks may be lost
	talkEvery   = 5 * time.Minute  // while its sound flows, which says more
	partMost    = time.Minute      // from our farewell to the carrier's last word
	seekEvery   = 2 * time.Second
	seekLongest = 30 * time.Second
	seekHeir    = 10 * time.Second // for a leg that a former owner may have dialled
	hearWait    = time.Second      // from the carrier's last word to the end of the sound
	answerWait  = 10 * time.Second // from answer to sound: document and socket
	askAgain    = 3 * time.Second  // between two doubts
	askMost     = 4                // doubts before we decide ourselves
	ringWait    = 75 * time.Second // 45 s of ringing and the carrier's own margin
)

// line is what the rules of a telephone's leg remember.
type line struct {
	wish     Verdict   // how the leg ends once the carrier confirms it
	lost     bool      // its sound broke off
	last     Fact      // the carrier's last word, while the sound goes on
	answered bool      // the carrier said, or showed, that it was answered
	asks     int       // unanswered doubts since the last sign of life
	deaf     bool      // the carrier could not be asked the last time
	taken    bool      // a former owner left this leg
	silent   time.Time // when its sound ended
	parting  time.Time // since when we end it
	sought   time.Time // since when a leg of unknown outcome is looked for
}

// step is what an input did to a leg.
type step struct {
	effects []Effect
	end     *end // it is over
}

// end is how a leg ended.
type end struct {
	status  Status
	verdict Verdict
	at      time.Time
}

func (p *Party) ending() bool { return p.line.wish.By != "" }

func (p *Party) timer(t timer, after time.Duration) Effect { return setTimer{t, p.Leg.ID, after} }

// told folds a fact in. What is decided stays decided; a fact that comes late
// still fills in what it knows of the past.
func (p *Party) told(f Fact, now time.Time) step {
	if p.Leg.CarrierSID != "" && f.SID != "" && f.SID != p.Leg.CarrierSID {
		return step{effects: folding(f)} // of another leg, whatever its address says
	}
	effects := append(p.fold(f, now), folding(f)...)
	switch {
	case p.gone() || !Status(f.Status).Final():
		return step{effects: effects}
	case p.port != nil && !p.ending():
		return step{effects: append(effects, p.hearOut(f)...)}
	}
	status, verdict := p.judge(f)
	return step{effects, p.over(status, verdict, when(f.At, now))}
}

// hearOut waits a moment for the sound of a leg that has ended: only how it ends
// tells a customer who hung up from a socket that was lost.
func (p *Party) hearOut(f Fact) []Effect {
	if p.line.last.Status != "" {
		return nil
	}
	p.line.last, p.line.last.ID = f, ""
	return []Effect{p.timer(watch, hearWait)}
}

// folding marks what came through the inbox.
func folding(f Fact) []Effect {
	if f.ID == "" {
		return nil
	}
	return []Effect{folded{f.ID}}
}

func when(at, now time.Time) time.Time {
	if at.IsZero() {
		return now
	}
	return at
}

// fold takes what a fact says of the leg's progress.
func (p *Party) fold(f Fact, now time.Time) []Effect {
	known := p.line.answered
	fresh := p.Leg.CarrierSID == "" && f.SID != ""
	if fresh {
		p.Leg.CarrierSID = f.SID
	}
	switch f.Status {
	case "initiated", "queued":
		p.advance(Dialling)
	case "ringing":
		p.advance(Rings)
	case "in-progress":
		if p.Leg.AnsweredAt.IsZero() || !f.At.IsZero() { // the carrier's clock knows better than ours
			p.Leg.AnsweredAt = when(f.At, now)
		}
		p.advance(Answered)
	default:
		return nil
	}
	if p.gone() {
		return nil
	}
	p.line.answered = known || f.Status == "in-progress"
	return p.react(fresh, p.line.answered && !known)
}

// react is what a word of the carrier calls for: the leg that was answered while
// it was being cancelled is hung up, the one a former owner left is asked for,
// the others are watched.
func (p *Party) react(fresh, answered bool) []Effect {
	switch {
	case p.ending() && (fresh || answered):
		return []Effect{p.part()}
	case p.ending():
		return nil
	case p.line.taken && fresh:
		return []Effect{askLeg{p.Leg.ID, p.Leg.CarrierSID}}
	case answered:
		return []Effect{p.timer(watch, answerWait)}
	case !p.line.answered && p.Leg.CarrierSID != "":
		return []Effect{p.timer(watch, lookEvery)}
	}
	return nil
}

// advance moves the leg forward, never back.
func (p *Party) advance(to Phase) {
	if order[to] > order[p.Leg.Phase] {
		p.Leg.Phase = to
	}
}

var order = map[Phase]int{New: 0, Unknown: 1, Dialling: 2, Rings: 3, Answered: 4, Up: 5, Ending: 6, Gone: 7}

// judge decides how the leg ended from the carrier's last word.
func (p *Party) judge(f Fact) (Status, Verdict) {
	status := Status(f.Status)
	switch {
	case p.ending():
		return status, p.line.wish
	case status == Busy:
		return status, Verdict{ByCustomer, BusyLine, f.Cause}
	case status == NoAnswer:
		return status, Verdict{ByCustomer, NotAnswered, f.Cause}
	case status == Canceled:
		return status, Verdict{ByCarrier, Cancelled, f.Cause}
	case status == Failed:
		return status, Verdict{ByCarrier, NotReachable, f.Cause}
	case p.line.taken: // answered, and nobody of ours was there
		return status, Verdict{ByDesk, Crashed, f.Cause}
	case p.line.lost:
		return status, Verdict{ByCarrier, CarrierLost, f.Cause}
	case p.limit > 0 && f.Talk >= p.limit:
		return status, Verdict{ByDesk, TimeLimit, f.Cause}
	}
	return status, Verdict{ByCustomer, HungUp, f.Cause}
}

// over is the end of the leg. It ended when its sound did, for the carrier tells
// whole seconds of a clock that is not ours.
func (p *Party) over(status Status, v Verdict, at time.Time) *end {
	if !p.line.silent.IsZero() {
		at = p.line.silent
	}
	if at.Before(p.Leg.DialledAt) {
		at = p.Leg.DialledAt
	}
	return &end{status, v, at}
}

// bye starts the farewell; the carrier's last word completes it.
func (p *Party) bye(v Verdict, now time.Time) []Effect {
	if p.ending() || p.gone() {
		return nil
	}
	p.line.wish, p.line.parting, p.line.asks = v, now, 0
	if v.Reason == HungUp && !p.line.answered {
		p.line.wish.Reason = Cancelled
	}
	if p.Leg.CarrierSID == "" { // the order to dial is on its way: cancelled when it returns
		return nil
	}
	return []Effect{p.part()}
}

// part ends the leg at the carrier as gently as its state allows.
func (p *Party) part() Effect {
	p.Leg.Phase = Ending
	if p.line.answered {
		return hangLeg{p.Leg.ID, p.Leg.CarrierSID}
	}
	return cancelLeg{p.Leg.ID, p.Leg.CarrierSID}
}

func (p *Party) cancelled(err error) step {
	if err != nil { // answered at this very moment, or the carrier did not listen
		return step{effects: []Effect{hangLeg{p.Leg.ID, p.Leg.CarrierSID}}}
	}
	return step{effects: []Effect{p.timer(watch, askAgain)}}
}

// placed takes the carrier's id of the leg. A callback may have brought it first.
func (p *Party) placed(sid string) step {
	p.Leg.CarrierSID = sid
	p.advance(Dialling)
	var effects []Effect
	if p.Leg.Phase == Dialling {
		effects = append(effects, p.timer(watch, firstWord))
	}
	if p.ending() && p.Leg.Phase != Ending {
		effects = append(effects, p.part())
	}
	return step{effects: effects}
}

// refused ends the leg, or starts the search when the outcome is unknown: an
// order that may have been carried out is never given twice.
func (p *Party) refused(r *Refusal, now time.Time) step {
	switch {
	case r.Unknown && p.Leg.CarrierSID != "": // a callback told us that it was placed
		return step{}
	case r.Unknown:
		p.Leg.Phase, p.line.sought = Unknown, now
		return step{effects: []Effect{p.timer(quest, seekEvery)}}
	case p.ending():
		return step{end: p.over(Canceled, p.line.wish, now)}
	}
	return step{end: p.over(Failed, Verdict{By: ByCarrier, Reason: r.Reason, Detail: r.Code}, now)}
}

func (p *Party) found(in found, now time.Time) step {
	switch {
	case p.Leg.CarrierSID != "":
		return step{}
	case in.ok:
		return p.told(in.fact, now)
	case now.Sub(p.line.sought) < p.seek():
		return step{effects: []Effect{p.timer(quest, seekEvery)}}
	}
	return step{end: p.over(Failed, Verdict{By: ByCarrier, Reason: OutcomeUnknown}, now)}
}

// seek is how long a leg of unknown outcome is looked for. What a dead process
// sent has arrived when its heir looks.
func (p *Party) seek() time.Duration {
	if p.line.taken {
		return seekHeir
	}
	return seekLongest
}

// watchRang asks how the leg is.
func (p *Party) watchRang(now time.Time) step {
	switch {
	case p.line.last.Status != "":
		p.port = nil
		return p.told(p.line.last, now)
	case p.Leg.CarrierSID == "" || p.gone():
		return step{}
	}
	return step{effects: []Effect{askLeg{p.Leg.ID, p.Leg.CarrierSID}}}
}

// asked takes the carrier's answer to a doubt.
func (p *Party) asked(in asked, now time.Time) step {
	status := Status(in.fact.Status)
	p.line.deaf = in.err != nil
	switch {
	case !p.line.deaf && status.Final():
		return p.told(in.fact, now)
	case p.ending():
		return p.insist(status == InProgress, now)
	case p.line.taken && !p.line.deaf:
		return p.inherit(in.fact, now)
	case p.port != nil:
		return step{effects: []Effect{p.timer(watch, talkEvery)}}
	case !p.line.deaf && status == InProgress && !p.line.answered:
		return p.told(in.fact, now)
	case !p.line.answered && !p.line.taken && now.Sub(p.Leg.DialledAt) < ringWait:
		return p.rings(in, now)
	}
	return p.doubt(now)
}

// rings goes on waiting for an answer: the carrier is not the one to blame when
// it cannot be asked.
func (p *Party) rings(in asked, now time.Time) step {
	if p.line.deaf {
		return step{effects: []Effect{p.timer(watch, firstWord)}}
	}
	effects := p.fold(in.fact, now)
	return step{effects: append(effects, p.timer(watch, lookEvery))}
}

// inherit goes on with a leg that outlived its owner: one that talks is told to
// bring its sound to us, one that rings may be answered yet.
func (p *Party) inherit(f Fact, now time.Time) step {
	p.line.taken = false
	effects := p.fold(f, now)
	if p.line.answered {
		return step{effects: append(effects, resumeLeg{p.Leg.ID, p.Leg.CarrierSID}, p.timer(watch, answerWait))}
	}
	return step{effects: append(effects, p.timer(watch, lookEvery))}
}

// resumed is the carrier's answer to the order to bring the sound anew.
func (p *Party) resumed(err error) step {
	if err != nil && p.port == nil {
		return step{effects: []Effect{askLeg{p.Leg.ID, p.Leg.CarrierSID}}}
	}
	return step{}
}

// doubt is of a leg that the carrier thinks is alive although we do not hear
// it. It is asked for its sound once more; after a few doubts we end it ourselves.
func (p *Party) doubt(now time.Time) step {
	p.line.asks++
	switch {
	case p.line.asks == 1 && p.line.answered:
		return step{effects: []Effect{resumeLeg{p.Leg.ID, p.Leg.CarrierSID}, p.timer(watch, askAgain)}}
	case p.line.asks < askMost:
		return step{effects: []Effect{p.timer(watch, askAgain)}}
	case p.line.taken:
		return step{effects: p.bye(Verdict{By: ByDesk, Reason: Crashed}, now)}
	case !p.line.answered:
		return step{effects: p.bye(Verdict{By: ByCarrier, Reason: NotAnswered}, now)}
	}
	return step{effects: p.bye(Verdict{By: ByCarrier, Reason: CarrierLost}, now)}
}

// insist repeats the farewell to a leg that does not go: at once to one that
// talks, now and then to the others. A carrier that says nothing for a minute
// does not keep the agent from the next call.
func (p *Party) insist(talks bool, now time.Time) step {
	if now.Sub(p.line.parting) > partMost {
		return step{end: p.over(p.guess(), p.lastWord(), now)}
	}
	p.line.asks++
	if talks || p.line.asks%askMost == 0 {
		return step{effects: []Effect{hangLeg{p.Leg.ID, p.Leg.CarrierSID}}}
	}
	return step{effects: []Effect{p.timer(watch, askAgain)}}
}

func (p *Party) guess() Status {
	if p.line.answered {
		return Completed
	}
	return Failed
}

// lastWord is the verdict of a leg whose end the carrier never confirmed.
func (p *Party) lastWord() Verdict {
	if p.line.taken && p.line.deaf {
		return Verdict{By: ByCarrier, Reason: OutcomeUnknown}
	}
	return p.line.wish
}

// refusalOf reads a carrier's error; one that says nothing leaves the outcome open.
func refusalOf(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return &Refusal{Reason: CarrierError, Unknown: true, Err: err}
}
