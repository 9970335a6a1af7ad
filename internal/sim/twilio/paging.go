package twilio

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"softphone/internal/protocol/twilioapi"
)

// paginate returns the envelope of a list of n items and which of them belong
// to the page that was asked for. PageToken is made by us and means the number
// of items before the page.
func paginate(r *http.Request, n int) (p twilioapi.Page, from, to int, no *twilioapi.Error) {
	p.PageSize = twilioapi.DefaultPageSize
	for name, into := range map[string]*int{"PageSize": &p.PageSize, "Page": &p.Page} {
		v, err := strconv.Atoi(r.Form.Get(name))
		if r.Form.Get(name) == "" {
			continue
		}
		if err != nil || v < 0 {
			return p, 0, 0, twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeInvalidParameter, "Invalid %s", name)
		}
		*into = v
	}
	p.PageSize = max(1, min(p.PageSize, twilioapi.MaxPageSize))
	from = min(p.Page*p.PageSize, n)
	to = min(from+p.PageSize, n)
	p.Start, p.End = from, max(from, to-1)
	p.URI, p.FirstPageURI = pageURI(r, p.Page), pageURI(r, 0)
	if p.Page > 0 {
		p.PreviousPageURI = twilioapi.Text(pageURI(r, p.Page-1))
	}
	if to < n {
		p.NextPageURI = twilioapi.Text(pageURI(r, p.Page+1))
	}
	return p, from, to, nil
}

// pageURI returns the address of a page relative to the host, as Twilio does,
// wherever the simulator is mounted.
func pageURI(r *http.Request, page int) string {
	q := url.Values{}
	for name, values := range r.Form {
		if name != "Page" && name != "PageToken" {
			q[name] = values
		}
	}
	q.Set("Page", strconv.Itoa(page))
	if page > 0 {
		q.Set("PageToken", "PA"+strconv.Itoa(page))
	}
	return r.URL.Path + "?" + q.Encode()
}

func listCalls(a *account, r *http.Request) (int, any) {
	if no := a.struck(r, FaultRead); no != nil {
		return refuse(no)
	}
	wanted, no := callFilter(r.Form)
	if no != nil {
		return refuse(no)
	}
	found := []twilioapi.Call{}
	for _, c := range a.list() {
		if resource := c.resource(); wanted(resource) {
			found = append(found, resource)
		}
	}
	page, from, to, no := paginate(r, len(found))
	if no != nil {
		return refuse(no)
	}
	return http.StatusOK, twilioapi.CallList{Page: page, Calls: slices.Clip(found[from:to])}
}

// callFilter reads the filters of GET /Calls.json: To, From, ParentCallSid,
// Status, and StartTime and EndTime as dateFilter reads them.
func callFilter(f url.Values) (func(twilioapi.Call) bool, *twilioapi.Error) {
	started, no := dateFilter(f, "StartTime")
	if no != nil {
		return nil, no
	}
	ended, no := dateFilter(f, "EndTime")
	if no != nil {
		return nil, no
	}
	return func(c twilioapi.Call) bool {
		return is(f.Get("To"), c.To) && is(f.Get("From"), c.From) && is(f.Get("Status"), c.Status) &&
			is(f.Get("ParentCallSid"), string(c.ParentCallSid)) && started(c.StartTime.Time) && ended(c.EndTime.Time)
	}, nil
}

// dateFilter reads a filter of a date: = is that day, < before, > on or after. A
// date may have a time; then < and > are exact.
func dateFilter(f url.Values, field string) (func(time.Time) bool, *twilioapi.Error) {
	var all []func(time.Time) bool
	for _, sign := range []string{"", "<", ">"} {
		value := f.Get(field + sign)
		if value == "" {
			continue
		}
		at, err := twilioapi.ParseDate(value)
		if err != nil {
			return nil, twilioapi.NewError(http.StatusBadRequest, twilioapi.CodeInvalidParameter, "Invalid %s: %v", field+sign, err)
		}
		all = append(all, timeFilter(sign, at))
	}
	return func(t time.Time) bool {
		return !slices.ContainsFunc(all, func(ok func(time.Time) bool) bool { return !ok(t) })
	}, nil
}

func timeFilter(sign string, at time.Time) func(time.Time) bool {
	return func(t time.Time) bool {
		switch {
		case t.IsZero():
			return false
		case sign == "<":
			return t.Before(at)
		case sign == ">":
			return !t.Before(at)
		}
		return t.Truncate(24 * time.Hour).Equal(at.Truncate(24 * time.Hour))
	}
}
