package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"softphone/internal/adapter/api"
	"softphone/internal/adapter/shelf"
	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/call"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/switchboard"
	"softphone/internal/protocol/wav"
)

// openTaped is the API over real databases and a folder of recordings.
func openTaped(t testing.TB) *door {
	t.Helper()
	d := &door{now: time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)}
	d.t, _ = t.(*testing.T)
	clock := func() time.Time { return d.now }
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	log, dir := slog.New(slog.DiscardHandler), t.TempDir()
	d.control, err = store.Open(t.Context(), store.Config{Dir: dir, Ring: ring, Log: log, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	ex := switchboard.New(switchboard.Config{
		Directory: d.control, Signer: auth.NewSigner(ring.Derive("tokens"), clock), Probe: silent{}, Log: log, Now: clock, NewID: store.NewID,
		Links: recording.Links{Key: ring.Derive("links"), Now: clock},
		Open:  func(ctx context.Context, id string) (switchboard.Store, error) { return d.control.Open(ctx, id) },
		Recordings: func(ctx context.Context, id string) (switchboard.Recordings, error) {
			db, err := d.control.Open(ctx, id)
			if err != nil {
				return switchboard.Recordings{}, err
			}
			return switchboard.Recordings{Ledger: db.Recordings(), Jobs: db.Jobs(), Archive: archive(db, ring, id, dir)}, nil
		},
	})
	d.recordings = func(db *store.Tenant, id string) *recording.Archive { return archive(db, ring, id, dir) }
	mux := http.NewServeMux()
	api.New(mux, api.Config{Exchange: ex, Version: "test", Log: log})
	d.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		ex.Close(context.Background())
		d.Server.Close()
		if err := d.control.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func archive(db *store.Tenant, ring *seal.Ring, id, dir string) *recording.Archive {
	return &recording.Archive{Books: db.Recordings(), Shelf: shelf.NewDisk(filepath.Join(dir, "tenants", id, "audio")), Envelope: seal.NewEnvelope(ring, id), NewID: store.NewID}
}

// taped keeps a call of a user with a recording: 20 s, the sides told apart.
func (d *door) taped(t testing.TB, slug, user string, id call.ID) (db *store.Tenant, file []byte) {
	t.Helper()
	ctx := context.Background()
	tn, err := d.control.TenantBySlug(ctx, slug)
	if err != nil {
		t.Fatal(err)
	}
	if db, err = d.control.Open(ctx, tn.ID); err != nil {
		t.Fatal(err)
	}
	u, _, err := db.UserByEmail(ctx, user)
	if err != nil {
		t.Fatal(err)
	}
	r := call.Record{
		ID: id, Direction: call.Outbound, From: "+12015550100", To: "+12015550123", Status: call.Completed, UserID: call.UserID(u.ID),
		StartedAt: d.now, AnsweredAt: d.now, EndedAt: d.now.Add(20 * time.Second), Talk: 20 * time.Second, CreatedAt: d.now, UpdatedAt: d.now, Epoch: 1,
	}
	if err := db.Change(ctx, call.Change{Call: r, Fence: 1}); err != nil {
		t.Fatal(err)
	}
	sound := make([]byte, 0, 320_000)
	for i := range 160_000 {
		sound = append(sound, byte(i%251), byte(i/251%253))
	}
	a := d.recordings(db, tn.ID)
	rid := recording.ID("rec-" + string(id))
	if _, err := a.Books.Begin(ctx, recording.Record{ID: rid, CallID: string(id), Kind: recording.OfCall, Source: recording.Bridge}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := a.Import(ctx, rid, bytes.NewReader(wav.Append(nil, wav.Phone(2), sound))); err != nil {
		t.Fatal(err)
	}
	if err := a.Books.Close(ctx, rid, 20*time.Second, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Finish(ctx, rid); err != nil {
		t.Fatal(err)
	}
	return db, wav.Append(nil, wav.Phone(2), sound)
}

// listen follows a link.
func (d *door) listen(t testing.TB, link string, header http.Header) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, d.URL+link, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	res, err := d.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// link asks for the recording and returns its link and the browser's cookie.
func (d *door) link(t testing.TB, id, token string) (link string, cookie http.Header) {
	t.Helper()
	a := d.ask("GET", "/api/voice/calls/"+id+"/recording", token, "")
	url, _ := a.body["url"].(string)
	if a.status != http.StatusOK || url == "" {
		t.Fatalf("recording: %d %v", a.status, a.body)
	}
	c, err := http.ParseSetCookie(a.header.Get("Set-Cookie"))
	if err != nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/api/voice/audio/" {
		t.Errorf("cookie %+v, %v", c, err)
	}
	return url, http.Header{"Cookie": {c.Name + "=" + c.Value}}
}

func TestARecordingIsPlayedWholeAndInRanges(t *testing.T) {
	d := openTaped(t)
	d.desk("one")
	db, file := d.taped(t, "one", "agent@one.example", "c1")
	token, _ := d.login("agent@one.example")
	a := d.ask("GET", "/api/voice/calls/c1/recording", token, "")
	if a.body["status"] != "ready" || a.body["durationMs"] != 20000.0 || a.body["channels"] != 2.0 || len(a.body["peaks"].([]any)) != 2 || len(a.body["gaps"].([]any)) != 0 {
		t.Errorf("recording %v", a.body)
	}
	link, cookie := d.link(t, "c1", token)
	res, body := d.listen(t, link, cookie)
	if res.StatusCode != http.StatusOK || !bytes.Equal(body, file) {
		t.Errorf("%d with %d bytes, want the file's %d", res.StatusCode, len(body), len(file))
	}
	for name, want := range map[string]string{"Content-Type": "audio/wav", "Cache-Control": "private, no-store", "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	cookie.Set("Range", fmt.Sprintf("bytes=%d-%d", 58+16000*5, 58+16000*7-1))
	if res, body = d.listen(t, link, cookie); res.StatusCode != http.StatusPartialContent || !bytes.Equal(body, file[58+16000*5:58+16000*7]) {
		t.Errorf("range: %d with %d bytes", res.StatusCode, len(body))
	}
	cookie.Set("If-Range", `"another file"`)
	if res, _ = d.listen(t, link, cookie); res.StatusCode != http.StatusOK {
		t.Errorf("range of another file: %d, want the whole", res.StatusCode)
	}
	want := []string{"recording.play rec-c1 0s-20s", "recording.play rec-c1 0s-20s", "recording.play rec-c1 5s-7s"}
	for i := 0; ; i++ { // the stretch is noted when the last byte has left
		heard := played(t, db)
		if slices.Equal(heard, want) {
			break
		}
		if i == 200 {
			t.Fatalf("noted %q, want %q", heard, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// played lists what was noted of call c1.
func played(t *testing.T, db *store.Tenant) (heard []string) {
	t.Helper()
	entries, err := db.Recordings().Entries(t.Context(), "c1")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		heard = append(heard, fmt.Sprintf("%s %s %v-%v", e.Action, e.Subject, e.From, e.To))
	}
	slices.Sort(heard)
	return heard
}

func TestLinksOfOthersAreRefusedWithoutAWord(t *testing.T) {
	d := openTaped(t)
	d.desk("one")
	d.desk("two")
	d.taped(t, "one", "agent@one.example", "c1")
	d.taped(t, "one", "supervisor@one.example", "c2")
	d.taped(t, "two", "agent@two.example", "c1")
	token, _ := d.login("agent@one.example")
	boss, _ := d.login("supervisor@one.example")
	foreign, _ := d.login("agent@two.example")
	refused(t, "a supervisor's call, to an agent", d.ask("GET", "/api/voice/calls/c2/recording", token, ""), http.StatusNotFound, "not_found")
	link, cookie := d.link(t, "c1", token)
	bossLink, bossCookie := d.link(t, "c1", boss)
	foreignLink, foreignCookie := d.link(t, "c1", foreign)
	bearer := func(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }
	for name, c := range map[string]struct {
		link   string
		header http.Header
		want   int
	}{
		"own browser":              {link, cookie, 200},
		"own token":                {link, bearer(token), 200},
		"supervisor's own":         {bossLink, bossCookie, 200},
		"other tenant's own":       {foreignLink, foreignCookie, 200},
		"no browser":               {link, nil, 403},
		"another user's browser":   {link, bossCookie, 403},
		"another user's token":     {link, bearer(boss), 403},
		"another tenant's browser": {link, foreignCookie, 403},
		"another tenant's token":   {link, bearer(foreign), 403},
		"their link, our browser":  {bossLink, cookie, 403},
		"no token":                 {link, bearer("x"), 403},
		"changed":                  {link[:len(link)-1] + map[bool]string{true: "A", false: "B"}[link[len(link)-1] != 'A'], cookie, 403},
		"cut":                      {link[:len(link)-10], cookie, 403},
		"nothing":                  {"/api/voice/audio/x", cookie, 403},
	} {
		res, body := d.listen(t, c.link, c.header)
		if res.StatusCode != c.want || c.want == 403 && len(body) != 0 {
			t.Errorf("%s: %d with %d bytes, want %d", name, res.StatusCode, len(body), c.want)
		}
		if c.want == 403 && res.Header.Get("ETag") != "" {
			t.Errorf("%s: the refusal tells the file's checksum", name)
		}
	}
	d.now = d.now.Add(recording.LinkLife)
	if res, _ := d.listen(t, link, cookie); res.StatusCode != 403 {
		t.Errorf("expired: %d", res.StatusCode)
	}
	link, cookie = d.link(t, "c1", token)
	d.ask("POST", "/api/auth/logout", token, "")
	if res, _ := d.listen(t, link, cookie); res.StatusCode != 403 {
		t.Errorf("after logging out: %d", res.StatusCode)
	}
}

func TestDeletingNeedsItsRightAndLeavesNothingToHear(t *testing.T) {
	d := openTaped(t)
	d.desk("one")
	db, _ := d.taped(t, "one", "agent@one.example", "c1")
	agent, _ := d.login("agent@one.example")
	boss, _ := d.login("supervisor@one.example")
	admin, _ := d.login("admin@one.example")
	link, cookie := d.link(t, "c1", agent)
	for who, token := range map[string]string{"agent": agent, "supervisor": boss} {
		refused(t, who, d.ask("DELETE", "/api/voice/calls/c1/recording", token, ""), http.StatusForbidden, "forbidden")
	}
	if a := d.ask("DELETE", "/api/voice/calls/c1/recording", admin, ""); a.status != http.StatusNoContent {
		t.Fatalf("deleted: %d %v", a.status, a.body)
	}
	refused(t, "deleted twice", d.ask("DELETE", "/api/voice/calls/c1/recording", admin, ""), http.StatusNotFound, "not_found")
	if res, body := d.listen(t, link, cookie); res.StatusCode != 403 || len(body) != 0 {
		t.Errorf("a link of before: %d", res.StatusCode)
	}
	a := d.ask("GET", "/api/voice/calls/c1/recording", agent, "")
	if a.body["status"] != "deleted" || a.body["url"] != nil || len(a.body["peaks"].([]any)) != 0 {
		t.Errorf("deleted recording %v", a.body)
	}
	entries, err := db.Recordings().Entries(t.Context(), "c1")
	if err != nil || entries[len(entries)-1].Action != "recording.delete" {
		t.Errorf("noted %v, %v", entries, err)
	}
	tn, err := d.control.TenantBySlug(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; ; i++ { // a job removes the files
		names, err := d.recordings(db, tn.ID).Shelf.List(t.Context(), "")
		if err == nil && len(names) == 0 {
			break
		}
		if i == 200 {
			t.Fatalf("left on the shelf: %v, %v", names, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestTheRulesOfRecordingAreSavedAndChecked(t *testing.T) {
	d := openTaped(t)
	d.desk("one")
	agent, _ := d.login("agent@one.example")
	admin, _ := d.login("admin@one.example")
	refused(t, "an agent", d.ask("GET", "/api/tenant/settings", agent, ""), http.StatusForbidden, "forbidden")
	a := d.ask("GET", "/api/tenant/settings", admin, "")
	if r := a.body["recording"].(map[string]any); r["default"] != "no" {
		t.Errorf("before the first saving: %v", r)
	}
	body := `{"recording":{"default":"record","inbound":"ask","numbers":[{"number":"+12015550100","mode":"no"}],"allParties":["+1415"],"holds":true,"carrier":false,"keepCopies":false}}`
	a = d.ask("PUT", "/api/tenant/settings", admin, body)
	if r := a.body["recording"].(map[string]any); a.status != http.StatusOK || r["inbound"] != "ask" || r["holds"] != true {
		t.Errorf("saved: %d %v", a.status, a.body)
	}
	a = d.ask("PUT", "/api/tenant/settings", admin, `{}`)
	if r := a.body["recording"].(map[string]any); r["default"] != "record" {
		t.Errorf("a part that is absent was changed: %v", r)
	}
	refused(t, "a number that is none", d.ask("PUT", "/api/tenant/settings", admin, strings.Replace(body, "+12015550100", "abc", 1)), http.StatusUnprocessableEntity, "invalid_input")
	refused(t, "a carrier that cannot", d.ask("PUT", "/api/tenant/settings", admin, strings.Replace(body, `"carrier":false`, `"carrier":true`, 1)), http.StatusUnprocessableEntity, "invalid_input")
}

// TestSoxReadsWhatIsPlayed decodes both channels with somebody else's program.
func TestSoxReadsWhatIsPlayed(t *testing.T) {
	d := openTaped(t)
	d.desk("one")
	_, file := d.taped(t, "one", "agent@one.example", "c1")
	token, _ := d.login("agent@one.example")
	link, cookie := d.link(t, "c1", token)
	_, body := d.listen(t, link, cookie)
	path := filepath.Join(t.TempDir(), "call.wav")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	for side, want := range [2]int{0, 1} {
		out, err := exec.Command("sox", path, "-t", "ul", "-r", "8000", "-c", "1", "-", "remix", fmt.Sprint(side+1)).Output()
		if err != nil {
			t.Fatalf("sox is needed to read recordings as others do: %v", err)
		}
		if len(out) != 160_000 {
			t.Errorf("channel %d has %d samples", side, len(out))
		}
		for i, b := range out {
			if w := file[58+2*i+want]; b != w && !(b|w == 0xff && b&w == 0x7f) { // the two zeros of mu-law
				t.Fatalf("channel %d, sample %d is %#x, want %#x", side, i, b, w)
			}
		}
	}
}

// FuzzRange asks for parts in every way that a header can be written; what comes
// is what the file has there.
func FuzzRange(f *testing.F) {
	d := openTaped(f)
	tn, err := d.control.CreateTenant(f.Context(), "one", "One", "")
	if err != nil {
		f.Fatal(err)
	}
	db, err := d.control.Open(f.Context(), tn.ID)
	if err == nil {
		_, err = db.CreateUser(f.Context(), auth.User{Email: "agent@one.example", Name: "A", Role: auth.Agent}, auth.HashPassword(password))
	}
	if err == nil {
		err = d.control.AddLogin(f.Context(), "agent@one.example", tn.ID)
	}
	if err != nil {
		f.Fatal(err)
	}
	_, file := d.taped(f, "one", "agent@one.example", "c1")
	d.t = &testing.T{}
	token, _ := d.login("agent@one.example")
	link, cookie := d.link(f, "c1", token)
	for _, seed := range []string{"bytes=0-", "bytes=-5", "bytes=0-0,58-60", "bytes=320057-", "bytes=320058-", "bytes=9-3", "bytes=128050-128070", "", "frames=1-2", "bytes=-99999999999999999999", "bytes=0-1,2-3,4-5,6-7"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ask string) {
		if strings.ContainsFunc(ask, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Skip("no header can carry it")
		}
		r := httptest.NewRequest(http.MethodGet, link, nil)
		r.Header = cookie.Clone()
		r.Header.Set("Range", ask)
		w := httptest.NewRecorder()
		d.Server.Config.Handler.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			if !bytes.Equal(w.Body.Bytes(), file) {
				t.Errorf("%q: the whole has %d bytes", ask, w.Body.Len())
			}
		case http.StatusPartialContent:
			parts(t, ask, w, file)
		case http.StatusRequestedRangeNotSatisfiable:
		default:
			t.Errorf("%q: %d", ask, w.Code)
		}
	})
}

func parts(t *testing.T, ask string, w *httptest.ResponseRecorder, file []byte) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "multipart/byteranges" {
		fits(t, ask, w.Header().Get("Content-Range"), w.Body.Bytes(), file)
		return
	}
	in := multipart.NewReader(w.Body, params["boundary"])
	for {
		p, err := in.NextPart()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		fits(t, ask, p.Header.Get("Content-Range"), body, file)
	}
}

func fits(t *testing.T, ask, span string, body, file []byte) {
	t.Helper()
	var from, to, size int
	if n, err := fmt.Sscanf(span, "bytes %d-%d/%d", &from, &to, &size); n != 3 || err != nil {
		t.Fatalf("%q: Content-Range %q", ask, span)
	}
	if size != len(file) || from < 0 || to >= size || !bytes.Equal(body, file[from:to+1]) {
		t.Errorf("%q: %s is not what the file has there", ask, span)
	}
}
