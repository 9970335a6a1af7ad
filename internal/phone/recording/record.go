package recording

import (
	"context"
	"errors"
	"time"

	"softphone/internal/phone/media"
)

// ID names a recording.
type ID string

// Status is where a recording is in its life.
type Status string

const (
	Running   Status = "recording" // sound is being taken
	Finishing Status = "finishing" // all sound is in; a job joins it
	Ready     Status = "ready"
	Failed    Status = "failed" // cannot be finished; Why says it
	Deleted   Status = "deleted"
)

// Kind is what was recorded.
type Kind string

const (
	OfCall    Kind = "call"
	Voicemail Kind = "voicemail"
)

// Source is who recorded.
type Source string

const (
	Bridge    Source = "bridge"  // we did
	AtCarrier Source = "carrier" // the telephone network did, and we fetched it
)

// Record is a recording as stored in table `recordings`.
type Record struct {
	ID         ID
	CallID     string
	Kind       Kind
	Source     Source
	CarrierSID string // of the carrier's own recording
	Copy       CarrierCopy
	Status     Status
	Channels   int // 2: customer left, agent right
	Epoch      int // grows with each new owner
	// Ended is when the sound ended in call time; negative while nobody has said.
	Ended     time.Duration
	Duration  time.Duration
	Size      int64  // of the whole file as it is served
	Checksum  string // SHA-256 of the same, hex
	Peaks     [][]int
	Gaps      []Gap
	Why       string // it failed
	CreatedAt time.Time
	UpdatedAt time.Time
}

// CarrierCopy is what became of the carrier's copy.
type CarrierCopy string

const (
	NoCopy      CarrierCopy = ""
	CopyThere   CarrierCopy = "there"
	CopyKept    CarrierCopy = "kept" // on purpose
	CopyDeleted CarrierCopy = "deleted"
)

// Piece is a stretch of a recording as stored in table `recording_pieces`. One
// without a file is silence.
type Piece struct {
	Recording ID
	Epoch, N  int
	From, Len time.Duration
	File      string // its name on the Shelf
	KeyID     string
	Size      int64  // as sealed
	Checksum  string // SHA-256 of what lies on the Shelf, hex
	Gaps      []Gap
}

// End is where the piece ends.
func (p Piece) End() time.Duration { return p.From + p.Len }

// Books keep the rows: the tenant's database.
type Books interface {
	// Begin makes the row of a recording, or takes over the one that a former
	// owner left Running for the same call, with the next epoch.
	Begin(ctx context.Context, r Record) (Record, error)
	// KeepPiece stores a piece; a second time it replaces it.
	KeepPiece(ctx context.Context, p Piece) error
	// Close says that all sound is in and orders the job that finishes it.
	Close(ctx context.Context, id ID, ended time.Duration, gaps []Gap) error
	// Finish stores what finishing has found, and shows the recording in its call.
	Finish(ctx context.Context, r Record) error
	Record(ctx context.Context, id ID) (Record, error)
	// RecordsOf lists the recordings of a call, oldest first.
	RecordsOf(ctx context.Context, callID string) ([]Record, error)
	Pieces(ctx context.Context, id ID) ([]Piece, error)
	// Talk is how long a call that is over was talked in; false while it lasts.
	Talk(ctx context.Context, callID string) (time.Duration, bool, error)
	// Left lists recordings that are Running although their call has been over
	// since before.
	Left(ctx context.Context, before time.Time) ([]Record, error)
	// NoteCarrier stores what is known of the carrier's own recording.
	NoteCarrier(ctx context.Context, id ID, sid string, copy CarrierCopy, channels int) error
	// Fail says that a recording cannot be finished, and why.
	Fail(ctx context.Context, id ID, why string) error
	// Remove deletes the pieces' rows and leaves the recording's as Deleted.
	Remove(ctx context.Context, id ID) error
	Keys(ctx context.Context) ([]Key, error)
	AddKey(ctx context.Context, k Key) error
	ReplaceKey(ctx context.Context, k Key) error
}

// Key is a tenant's data key as stored: wrapped.
type Key struct {
	ID      string
	Wrapped string
}

// Shelf is where sealed pieces lie: one tenant's. Names are relative, with
// slashes.
type Shelf interface {
	// Put stores a whole file: afterwards it is there, or it is not.
	Put(ctx context.Context, name string, body []byte) error
	// Get reads n bytes from an offset, to the end when n is negative. What is
	// not there is ErrNotThere.
	Get(ctx context.Context, name string, from, n int64) ([]byte, error)
	// Delete removes a file; one that is not there is no error.
	Delete(ctx context.Context, name string) error
	// List returns the names that begin with prefix, in order.
	List(ctx context.Context, prefix string) ([]string, error)
}

// Errors of a Shelf and of Books.
var (
	ErrNotThere = errors.New("no such piece")
	ErrFull     = errors.New("no room for recordings")
	ErrNoRecord = errors.New("no such recording")
)

// Entry is something somebody did with a recording, for the audit.
type Entry struct {
	At       time.Time
	User     string
	Action   string // "recording.play", "recording.delete", ...
	Call     string
	Subject  string        // which recording
	From, To time.Duration // what was listened to; zero: nothing was
	Detail   string
}

const (
	// PieceTime is the longest stretch of a piece, and settle how late sound may
	// come before a piece is closed: with both, and the time to store it, a crash
	// loses less than ten seconds.
	PieceTime = 8 * time.Second
	settle    = time.Second
)

// slot is a place on the clock of a recording: 20 ms.
type slot int

func slotOf(d time.Duration) slot { // rounds down, also below zero
	s := slot(d / media.FrameTime)
	if d < 0 && d%media.FrameTime != 0 {
		s--
	}
	return s
}

func slotUp(d time.Duration) slot { return slotOf(d + media.FrameTime - 1) }

func (s slot) time() time.Duration { return time.Duration(s) * media.FrameTime }
