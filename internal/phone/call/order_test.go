package call

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scripts are what the carrier says of a leg in seven words ("Twilio, Call
// resource, StatusCallbackEvent"; the request for the document; the answer to
// our order or to a question), and what it comes to.
func scripts() map[string]struct {
	words  []Input
	status Status
} {
	told := func(status string, seq int) Input { return Told{fact(status, seq)} }
	placed, unknown := dialPlaced{"CA1"}, dialRefused{&Refusal{Unknown: true}}
	document := Told{Fact{Leg: "L1", SID: "CA1", Status: "in-progress", Seq: -1}}
	deaf := asked{err: errors.New("no line")}
	type script = struct {
		words  []Input
		status Status
	}
	return map[string]script{
		"talked":            {[]Input{told("initiated", 0), told("ringing", 1), told("in-progress", 2), told("completed", 3), placed, document, told("completed", 3)}, Completed},
		"no answer told":    {[]Input{told("initiated", 0), told("ringing", 1), told("completed", 3), placed, document, told("ringing", 1), deaf}, Completed},
		"document alone":    {[]Input{placed, document, document, told("completed", 3), told("completed", 3), deaf, keysDone{}}, Completed},
		"end alone":         {[]Input{placed, told("completed", 3), told("completed", 3), told("completed", 3), deaf, deaf, keysDone{}}, Completed},
		"unknown, talked":   {[]Input{unknown, told("initiated", 0), told("ringing", 1), told("in-progress", 2), told("completed", 3), document, deaf}, Completed},
		"found, talked":     {[]Input{unknown, found{fact("in-progress", 2), true}, told("ringing", 1), told("in-progress", 2), told("completed", 3), document, told("initiated", 0)}, Completed},
		"busy":              {[]Input{placed, told("initiated", 0), told("ringing", 1), told("busy", 2), told("busy", 2), told("ringing", 1), deaf}, Busy},
		"unknown, busy":     {[]Input{unknown, told("initiated", 0), told("ringing", 1), told("busy", 2), told("busy", 2), found{fact("ringing", 1), true}, deaf}, Busy},
		"not answered":      {[]Input{placed, told("initiated", 0), told("ringing", 1), told("no-answer", 2), told("no-answer", 2), told("initiated", 0), deaf}, NoAnswer},
		"failed":            {[]Input{placed, told("initiated", 0), told("failed", 1), told("failed", 1), told("initiated", 0), deaf, keysDone{}}, Failed},
		"canceled":          {[]Input{placed, told("initiated", 0), told("ringing", 1), told("canceled", 2), told("canceled", 2), told("ringing", 1), deaf}, Canceled},
		"asked, then told":  {[]Input{placed, told("initiated", 0), told("ringing", 1), asked{fact: fact("busy", 2)}, told("busy", 2), told("ringing", 1), told("initiated", 0)}, Busy},
		"asked, never told": {[]Input{placed, asked{fact: fact("no-answer", 2)}, asked{fact: fact("no-answer", 2)}, deaf, deaf, told("ringing", 1), told("initiated", 0)}, NoAnswer},
	}
}

// All 5,040 orders of each script, each with some words repeated, come to one
// call and one leg.
func TestWordsFoldFreeOfOrderAndRepetition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, script := range scripts() {
		var want *State
		orders := 0
		permute(script.words, func(order []Input) {
			orders++
			order = append(order, order[random.IntN(len(order))], order[random.IntN(len(order))])
			s := dialled()
			for _, in := range order {
				var err error
				if s, _, err = next(s, in); err != nil && !errors.Is(err, ErrOver) {
					t.Fatalf("%s: %T: %v", name, in, err)
				}
			}
			if want == nil {
				want = &s
			}
			if s.Call != want.Call || s.Customer != want.Customer {
				t.Fatalf("%s in order %v: %s", name, order, cmp.Diff(s.Call, want.Call)+cmp.Diff(s.Customer, want.Customer))
			}
		})
		if want.Call.Status != script.status || want.Call.Verdict.By == "" || orders != 5040 {
			t.Errorf("%s: %s %+v after %d orders, want %s", name, want.Call.Status, want.Call.Verdict, orders, script.status)
		}
	}
}

// permute visits every order of words; what it shows is the visitor's.
func permute(words []Input, visit func([]Input)) {
	if len(words) == 0 {
		visit(nil)
	}
	for i := range words {
		rest := append(append([]Input{}, words[:i]...), words[i+1:]...)
		permute(rest, func(order []Input) { visit(append([]Input{words[i]}, order...)) })
	}
}
