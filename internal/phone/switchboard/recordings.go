package switchboard

import (
	"context"
	"crypto/hmac"
	"errors"
	"time"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/tenant"
)

// Recording returns the newest recording of a call, whatever became of it.
func (s *Seat) Recording(ctx context.Context, id call.ID) (recording.Record, error) {
	v, err := s.Past(ctx, id)
	if err != nil {
		return recording.Record{}, err
	}
	if s.tapes != nil {
		all, err := s.tapes.Archive.Books.RecordsOf(ctx, string(v.ID))
		if err != nil || len(all) > 0 {
			return newestOf(all), err
		}
	}
	return recording.Record{}, refuse(NotFound, "This call was not recorded.")
}

// newestOf prefers what can be played.
func newestOf(all []recording.Record) (best recording.Record) {
	for _, r := range all {
		if best.ID == "" || r.Status == recording.Ready || best.Status != recording.Ready {
			best = r
		}
	}
	return best
}

// Past returns a call that this user may see. Of one that is somebody else's it
// says what it says of one that does not exist.
func (s *Seat) Past(ctx context.Context, id call.ID) (call.View, error) {
	v, err := s.store.Call(ctx, id)
	if err != nil && !errors.Is(err, tenant.ErrNotFound) {
		return call.View{}, err
	}
	if err != nil || !s.User.Role.May(auth.HistoryAll) && v.UserID != call.UserID(s.User.ID) {
		return call.View{}, refuse(NotFound, "There is no such call.")
	}
	return v, nil
}

// Link makes a link that plays a recording for a few minutes, in the browser of
// this session only: it shows browser, or this user's token.
func (s *Seat) Link(r recording.Record) (link, browser string, expires time.Time) {
	link, expires = s.ex.Links.Sign(recording.Pass{
		Tenant: s.Tenant.ID, Session: s.Session, User: s.User.ID, Call: r.CallID, Recording: r.ID, Checksum: r.Checksum,
	})
	return link, s.ex.Links.Browser(s.Session), expires
}

// Playback is a recording that somebody listens to.
type Playback struct {
	*recording.View
	Checksum string
	tapes    *tapes
	entry    string
}

// Heard notes which bytes of the file were sent.
func (p *Playback) Heard(ctx context.Context, from, to int64) error {
	begin, end := p.Span(from, to)
	return p.tapes.Ledger.NoteSpan(context.WithoutCancel(ctx), p.entry, begin, end)
}

// Play opens what a link stands for, and notes it before it is heard. Whoever
// comes with it shows what its browser was given, or an access token of the same
// user. Whatever is wrong, the answer is recording.ErrLink.
func (e *Exchange) Play(ctx context.Context, link, browser, token string) (*Playback, error) {
	pass, err := e.Links.Open(link)
	if err != nil {
		return nil, err
	}
	s, err := e.listener(ctx, pass, browser, token)
	if err != nil {
		return nil, refusedLink(err)
	}
	if _, err := s.Past(ctx, call.ID(pass.Call)); err != nil || !s.User.Role.May(auth.History) || s.tapes == nil {
		return nil, refusedLink(err)
	}
	r, err := s.tapes.Archive.Books.Record(ctx, pass.Recording)
	if errors.Is(err, recording.ErrNoRecord) || err == nil && (r.Status != recording.Ready || r.Checksum != pass.Checksum || r.CallID != pass.Call) {
		return nil, recording.ErrLink
	}
	if err != nil {
		return nil, err
	}
	v, err := s.tapes.Archive.View(ctx, r)
	if err != nil {
		return nil, err
	}
	id, err := s.tapes.Ledger.Note(ctx, recording.Entry{User: s.User.ID, Action: "recording.play", Call: r.CallID, Subject: string(r.ID)})
	return &Playback{View: v, Checksum: r.Checksum, tapes: s.tapes, entry: id}, err
}

// listener is the seat of whoever comes with a link: with its rights as they are
// now, as long as its session lives.
func (e *Exchange) listener(ctx context.Context, p recording.Pass, browser, token string) (*Seat, error) {
	b, err := e.Board(ctx, p.Tenant)
	if err != nil {
		return nil, err
	}
	s, err := b.seat(ctx, p.User, p.Session)
	if err != nil {
		return nil, err
	}
	if token != "" {
		who, err := e.Admit(ctx, token)
		if err != nil || who.User.ID != s.User.ID || who.Tenant.ID != s.Tenant.ID {
			return nil, recording.ErrLink
		}
		return s, nil
	}
	if !hmac.Equal([]byte(browser), []byte(e.Links.Browser(p.Session))) {
		return nil, recording.ErrLink
	}
	return s, nil
}

// refusedLink hides why a link opens nothing; what is ours to mend is not hidden.
func refusedLink(err error) error {
	var no *Refusal
	if err == nil || errors.As(err, &no) || errors.Is(err, auth.ErrNoUser) {
		return recording.ErrLink
	}
	return err
}

// DeleteRecording removes the sound of a call's recordings for good, here and at
// the carrier, and notes who did it.
func (s *Seat) DeleteRecording(ctx context.Context, id call.ID) error {
	v, err := s.Past(ctx, id)
	if err != nil {
		return err
	}
	if s.tapes == nil {
		return refuse(NotFound, "This call was not recorded.")
	}
	all, err := s.tapes.Archive.Books.RecordsOf(ctx, string(v.ID))
	if err != nil {
		return err
	}
	n := 0
	for _, r := range all {
		switch r.Status {
		case recording.Deleted:
			continue
		case recording.Running:
			return refuse(NotNow, "This call is being recorded. Delete the recording when it is over.")
		}
		err := s.tapes.Ledger.RemoveNoted(ctx, r.ID, recording.Entry{User: s.User.ID, Action: "recording.delete", Call: r.CallID, Subject: string(r.ID)})
		if err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return refuse(NotFound, "This call was not recorded.")
	}
	s.tapes.runner.Poke()
	return nil
}

// RecordingRules returns the desk's rules of recording.
func (s *Seat) RecordingRules(ctx context.Context) (recording.Rules, error) {
	if s.tapes == nil {
		return recording.Rules{Default: recording.No, Numbers: []recording.NumberRule{}, AllParties: []string{}}, nil
	}
	return s.tapes.settings(ctx)
}

// SaveRecordingRules checks and saves them; they count from the next call on.
func (s *Seat) SaveRecordingRules(ctx context.Context, in recording.Rules) (recording.Rules, error) {
	if s.tapes == nil {
		return in, refuse(NotConfigured, "This server does not record.")
	}
	if err := in.Check(); err != nil {
		return in, refuse(InvalidInput, err.Error())
	}
	if in.Carrier && s.ex.CarrierRecorder == nil {
		return in, refuse(InvalidInput, errNoCarrierRecorder.Error())
	}
	_, err := s.tapes.Ledger.Note(ctx, recording.Entry{User: s.User.ID, Action: "recording.settings", Detail: string(object(in))})
	if err == nil {
		err = s.tapes.Ledger.SaveSetting(ctx, settingName, in)
	}
	if err != nil {
		return in, err
	}
	return s.tapes.settings(ctx)
}
