package twilio

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// maxForm bounds the body of a REST request.
const maxForm = 256 << 10

// Handler serves the REST API under /2010-04-01/, the control interface under
// /control/ and the page of people under /. Mounted below a path it is given
// requests with that path stripped.
func (s *Sim) Handler() http.Handler {
	mux := http.NewServeMux()
	s.routeAPI(mux)
	s.routeControl(mux)
	s.routePage(mux)
	return mux
}

// routeAPI lists the part of the API that is simulated.
func (s *Sim) routeAPI(mux *http.ServeMux) {
	const base = "/" + twilioapi.Version + "/Accounts/{account}"
	for pattern, h := range map[string]endpoint{
		"GET " + base:                                  getAccount,
		"POST " + base + "/Calls.json":                 createCall,
		"GET " + base + "/Calls.json":                  listCalls,
		"GET " + base + "/Calls/{sid}":                 getCall,
		"POST " + base + "/Calls/{sid}":                updateCall,
		"DELETE " + base + "/Calls/{sid}":              deleteCall,
		"GET " + base + "/IncomingPhoneNumbers.json":   listNumbers,
		"GET " + base + "/IncomingPhoneNumbers/{sid}":  getNumber,
		"POST " + base + "/IncomingPhoneNumbers/{sid}": updateNumber,
		"GET " + base + "/OutgoingCallerIds.json":      listCallerIDs,

		"GET " + base + "/Calls/{call}/Recordings.json":           listRecordings,
		"POST " + base + "/Calls/{call}/Recordings.json":          createRecording,
		"GET " + base + "/Calls/{call}/Recordings/{recording}":    getRecording,
		"POST " + base + "/Calls/{call}/Recordings/{recording}":   updateRecording,
		"DELETE " + base + "/Calls/{call}/Recordings/{recording}": deleteRecording,
		"GET " + base + "/Recordings.json":                        listRecordings,
		"GET " + base + "/Recordings/{recording}":                 getMedia,
		"DELETE " + base + "/Recordings/{recording}":              deleteRecording,

		"GET " + base + "/Conferences.json":                                       listConferences,
		"GET " + base + "/Conferences/{conference}":                               getConference,
		"POST " + base + "/Conferences/{conference}":                              updateConference,
		"GET " + base + "/Conferences/{conference}/Recordings.json":               listRecordings,
		"GET " + base + "/Conferences/{conference}/Recordings/{recording}":        getRecording,
		"POST " + base + "/Conferences/{conference}/Recordings/{recording}":       updateRecording,
		"DELETE " + base + "/Conferences/{conference}/Recordings/{recording}":     deleteRecording,
		"GET " + base + "/Conferences/{conference}/Participants.json":             listParticipants,
		"POST " + base + "/Conferences/{conference}/Participants.json":            createParticipant,
		"GET " + base + "/Conferences/{conference}/Participants/{participant}":    getParticipant,
		"POST " + base + "/Conferences/{conference}/Participants/{participant}":   updateParticipant,
		"DELETE " + base + "/Conferences/{conference}/Participants/{participant}": deleteParticipant,

		"GET " + base + "/Queues.json":                      listQueues,
		"POST " + base + "/Queues.json":                     createQueue,
		"GET " + base + "/Queues/{queue}":                   getQueue,
		"POST " + base + "/Queues/{queue}":                  updateQueue,
		"DELETE " + base + "/Queues/{queue}":                deleteQueue,
		"GET " + base + "/Queues/{queue}/Members.json":      listMembers,
		"GET " + base + "/Queues/{queue}/Members/{member}":  getMember,
		"POST " + base + "/Queues/{queue}/Members/{member}": updateMember,
	} {
		mux.Handle(pattern, s.endpoint(h))
	}
	mux.Handle("/"+twilioapi.Version+"/", s.endpoint(func(_ *account, r *http.Request) (int, any) {
		return refuse(notFound(r))
	}))
}

// endpoint answers a request of an account that has proved who it is.
type endpoint func(a *account, r *http.Request) (status int, body any)

func (s *Sim) endpoint(h endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.answer(w, r, nil, http.StatusBadRequest, twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeInvalidParameter, "%v", err))
			return
		}
		s.learnBase(r)
		a, no := s.authenticate(r)
		if no != nil {
			w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
			s.answer(w, r, nil, no.Status, no)
			return
		}
		status, body := h(a, r)
		s.answer(w, r, a, status, body)
	})
}

// authenticate takes AccountSid and token, or an API key and its secret. The
// account of the path must be the one of the credentials.
func (s *Sim) authenticate(r *http.Request) (*account, *twilioapi.Error) {
	user, password, _ := r.BasicAuth()
	for _, a := range s.accounts {
		if !a.secret(user, password) {
			continue
		}
		if asked := strings.TrimSuffix(r.PathValue("account"), ".json"); asked != "" && asked != a.Sid {
			return nil, notFound(r)
		}
		return a, nil
	}
	return nil, twilioapi.NewError(http.StatusUnauthorized, twilioapi.CodeCredentials, "Authenticate")
}

func notFound(r *http.Request) *twilioapi.Error {
	return twilioapi.NewError(http.StatusNotFound, twilioapi.CodeNotFound, "The requested resource %s was not found", r.URL.Path)
}

func refuse(e *twilioapi.Error) (int, any) { return e.Status, e }

// answer writes the answer after the ledger has it: who has read the answer
// finds it there.
func (s *Sim) answer(w http.ResponseWriter, r *http.Request, a *account, status int, body any) {
	e := Entry{Kind: KindRequest, What: r.Method + " " + r.URL.Path, Detail: map[string]any{
		"parameters": flat(r.Form), "status": status,
	}}
	if a != nil {
		e.Account = a.Sid
	}
	switch b := body.(type) {
	case *twilioapi.Error:
		e.Detail["code"] = b.Code
	case twilioapi.Call:
		e.Call = b.Sid
	case media:
		s.record(e)
		w.Header().Set("Content-Type", b.kind)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.body))
		return
	}
	s.record(e)
	writeJSON(w, status, body)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}

func getAccount(a *account, r *http.Request) (int, any) {
	if r.PathValue("account") != a.Sid+".json" {
		return refuse(notFound(r))
	}
	base := twilioapi.AccountPath(a.Sid)
	return http.StatusOK, twilioapi.Account{
		Sid: a.Sid, OwnerAccountSid: a.Sid, FriendlyName: a.Name, Status: "active", Type: "Full",
		DateCreated: twilioapi.DateOf(a.created), DateUpdated: twilioapi.DateOf(a.created), URI: base + ".json",
		SubresourceURIs: map[string]string{"calls": base + "/Calls.json", "incoming_phone_numbers": base + "/IncomingPhoneNumbers.json"},
	}
}

func listNumbers(a *account, r *http.Request) (int, any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var found []twilioapi.IncomingPhoneNumber
	for _, n := range a.numbers {
		if matches(r.Form.Get("PhoneNumber"), n.PhoneNumber) && is(r.Form.Get("FriendlyName"), n.FriendlyName) {
			found = append(found, n)
		}
	}
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.NumberList{Page: page, Numbers: append([]twilioapi.IncomingPhoneNumber{}, found[from:to]...)}
}

// matches is the filter PhoneNumber: a part of the number, * for any digit.
func matches(pattern, number string) bool {
	for start := range len(number) + 1 {
		if len(pattern) <= len(number)-start && matchesAt(pattern, number[start:]) {
			return true
		}
	}
	return false
}

func matchesAt(pattern, number string) bool {
	for i := range len(pattern) {
		if pattern[i] != '*' && pattern[i] != number[i] {
			return false
		}
	}
	return true
}

func is(wanted, value string) bool { return wanted == "" || wanted == value }

func (a *account) numberLocked(r *http.Request) *twilioapi.IncomingPhoneNumber {
	for i := range a.numbers {
		if a.numbers[i].Sid+".json" == r.PathValue("sid") {
			return &a.numbers[i]
		}
	}
	return nil
}

func getNumber(a *account, r *http.Request) (int, any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.numberLocked(r)
	if n == nil {
		return refuse(notFound(r))
	}
	return http.StatusOK, *n
}

func updateNumber(a *account, r *http.Request) (int, any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.numberLocked(r)
	if n == nil {
		return refuse(notFound(r))
	}
	if err := setAddresses(n, r.PostForm); err != nil {
		return refuse(twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeInvalidParameter, "%v", err))
	}
	n.DateUpdated = twilioapi.DateOf(time.Now())
	return http.StatusOK, *n
}

// setAddresses sets what is in the form; an empty value takes an address away.
func setAddresses(n *twilioapi.IncomingPhoneNumber, form url.Values) error {
	for name, field := range map[string]*twilioapi.Text{
		"VoiceUrl": &n.VoiceURL, "VoiceFallbackUrl": &n.VoiceFallbackURL, "StatusCallback": &n.StatusCallback,
	} {
		if !form.Has(name) {
			continue
		}
		if u, err := url.Parse(form.Get(name)); form.Get(name) != "" && (err != nil || u.Host == "") {
			return fmt.Errorf("%s is not a valid URL", name)
		}
		*field = twilioapi.Text(form.Get(name))
	}
	for name, field := range map[string]*string{
		"VoiceMethod": &n.VoiceMethod, "VoiceFallbackMethod": &n.VoiceFallbackMethod,
		"StatusCallbackMethod": &n.StatusCallbackMethod,
	} {
		if form.Has(name) {
			*field = methodOf(form, name)
		}
	}
	if form.Has("FriendlyName") {
		n.FriendlyName = form.Get("FriendlyName")
	}
	if form.Has("VoiceCallerIdLookup") {
		n.VoiceCallerIDLookup = form.Get("VoiceCallerIdLookup") == "true"
	}
	return nil
}
