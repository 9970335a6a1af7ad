package twilio

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphone/internal/protocol/twilioapi"
)

func (q *queue) resource() twilioapi.Queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	return twilioapi.Queue{
		Sid: q.sid, AccountSid: q.account.Sid, FriendlyName: q.name, CurrentSize: len(q.waiting), MaxSize: q.most,
		AverageWaitTime: q.averageLocked(), DateCreated: twilioapi.DateOf(q.created), DateUpdated: twilioapi.DateOf(q.updated),
		URI: twilioapi.AccountPath(q.account.Sid) + "/Queues/" + q.sid + ".json",
	}
}

// members returns who waits, the first first.
func (q *queue) members() []twilioapi.Member {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := []twilioapi.Member{}
	for i, w := range q.waiting {
		list = append(list, w.resource(i+1))
	}
	return list
}

func (w *waiter) resource(position int) twilioapi.Member {
	q := w.queue
	return twilioapi.Member{
		CallSid: w.call.sid, QueueSid: q.sid, Position: position, WaitTime: int(time.Since(w.since) / time.Second),
		DateEnqueued: twilioapi.DateOf(w.since),
		URI:          twilioapi.AccountPath(q.account.Sid) + "/Queues/" + q.sid + "/Members/" + w.call.sid + ".json",
	}
}

func (a *account) listQueues() []*queue {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.queues)
}

func (a *account) askedQueue(r *http.Request) (*queue, *twilioapi.Error) {
	sid := strings.TrimSuffix(r.PathValue("queue"), ".json")
	for _, q := range a.listQueues() {
		if q.sid == sid {
			return q, nil
		}
	}
	return nil, notFound(r)
}

func listQueues(a *account, r *http.Request) (int, any) {
	found := []twilioapi.Queue{}
	for _, q := range a.listQueues() {
		found = append(found, q.resource())
	}
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.QueueList{Page: page, Queues: slices.Clip(found[from:to])}
}

func createQueue(a *account, r *http.Request) (int, any) {
	if no := twilioapi.CheckQueue(r.PostForm, true); no != nil {
		return refuse(no)
	}
	most := twilioapi.DefaultQueueSize
	if n, err := strconv.Atoi(r.PostForm.Get("MaxSize")); err == nil {
		most = n
	}
	a.mu.Lock()
	q := a.makeQueueLocked(r.PostForm.Get("FriendlyName"), most)
	a.mu.Unlock()
	return http.StatusCreated, q.resource()
}

func getQueue(a *account, r *http.Request) (int, any) {
	q, no := a.askedQueue(r)
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, q.resource()
}

func updateQueue(a *account, r *http.Request) (int, any) {
	q, no := a.askedQueue(r)
	if no == nil {
		no = twilioapi.CheckQueue(r.PostForm, false)
	}
	if no != nil {
		return refuse(no)
	}
	q.mu.Lock()
	if name := r.PostForm.Get("FriendlyName"); name != "" {
		q.name = name
	}
	if n, err := strconv.Atoi(r.PostForm.Get("MaxSize")); err == nil {
		q.most = n
	}
	q.updated = time.Now()
	q.mu.Unlock()
	return http.StatusOK, q.resource()
}

// deleteQueue takes a queue away that nobody waits in.
func deleteQueue(a *account, r *http.Request) (int, any) {
	q, no := a.askedQueue(r)
	if no != nil {
		return refuse(no)
	}
	if len(q.members()) > 0 {
		return refuse(twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeQueueNotEmpty, "Queue not empty"))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.queues = slices.DeleteFunc(a.queues, func(other *queue) bool { return other == q })
	return http.StatusNoContent, nil
}

func listMembers(a *account, r *http.Request) (int, any) {
	q, no := a.askedQueue(r)
	if no != nil {
		return refuse(no)
	}
	found := q.members()
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.MemberList{Page: page, Members: slices.Clip(found[from:to])}
}

func getMember(a *account, r *http.Request) (int, any) {
	q, no := a.askedQueue(r)
	if no != nil {
		return refuse(no)
	}
	sid := strings.TrimSuffix(r.PathValue("member"), ".json")
	for _, m := range q.members() {
		if m.CallSid == sid || sid == twilioapi.FrontMember {
			return http.StatusOK, m
		}
	}
	return refuse(notFound(r))
}

// updateMember takes a call out of the queue and leads it to a document
// ("Members resource", update).
func updateMember(a *account, r *http.Request) (int, any) {
	q, no := a.askedQueue(r)
	if no == nil {
		no = twilioapi.CheckDequeue(r.PostForm)
	}
	if no != nil {
		return refuse(no)
	}
	sid := strings.TrimSuffix(r.PathValue("member"), ".json")
	w := q.take(sid, taking{to: &source{address: r.PostForm.Get("Url"), method: methodOf(r.PostForm, "Method")}})
	if w == nil {
		return refuse(notFound(r))
	}
	return http.StatusOK, w.resource(1)
}

func listCallerIDs(a *account, r *http.Request) (int, any) {
	a.mu.Lock()
	all := slices.Clone(a.callerIDs)
	a.mu.Unlock()
	found := []twilioapi.OutgoingCallerID{}
	for _, id := range all {
		if is(r.Form.Get("PhoneNumber"), id.PhoneNumber) && is(r.Form.Get("FriendlyName"), id.FriendlyName) {
			found = append(found, id)
		}
	}
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.OutgoingCallerIDList{Page: page, CallerIDs: slices.Clip(found[from:to])}
}
