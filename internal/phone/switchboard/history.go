package switchboard

import (
	"context"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/tenant"
)

// Calls lists the history, newest first. Agents see their own calls: of those of
// somebody else there are none.
func (s *Seat) Calls(ctx context.Context, q call.Search) ([]call.View, error) {
	if own := call.UserID(s.User.ID); !s.User.Role.May(auth.HistoryAll) {
		if q.UserID != "" && q.UserID != own {
			return nil, nil
		}
		q.UserID = own
	}
	return s.store.Calls(ctx, q)
}

// Dossier is one call with all that is kept of it.
type Dossier struct {
	Call   call.View
	Legs   []call.LegRecord
	Lines  []call.Line
	Text   string       // the lines as one text, once the call is over
	Events []call.Event // the assistant's suggestions and actions
}

// Dossier returns one call. A call that this user may not see is not found.
func (s *Seat) Dossier(ctx context.Context, id call.ID) (Dossier, error) {
	v, err := s.Past(ctx, id)
	if err != nil {
		return Dossier{}, err
	}
	d := Dossier{Call: v}
	if d.Legs, err = s.store.LegsOf(ctx, id); err != nil {
		return d, err
	}
	if d.Lines, err = s.store.LinesOf(ctx, id); err != nil {
		return d, err
	}
	if d.Text, err = s.store.TranscriptOf(ctx, id); err != nil {
		return d, err
	}
	d.Events, err = s.store.EventsOf(ctx, id, "ai:")
	return d, err
}

// Contacts searches the address book by name, company or number.
func (s *Seat) Contacts(ctx context.Context, query string, limit int) ([]crm.Contact, error) {
	if !tenant.IsText(query) {
		return nil, refuse(InvalidInput, "A search is text without control characters.")
	}
	return s.store.SearchContacts(ctx, query, limit)
}

// Contact returns one entry of the address book.
func (s *Seat) Contact(ctx context.Context, id string) (crm.Contact, error) {
	c, err := s.store.Contact(ctx, id)
	return c, notFound(err)
}
