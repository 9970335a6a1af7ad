package gate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/gate"
	"softphone/internal/phone/gate/gatetest"
)

const (
	ours    = "+12015550100"
	british = "+442079460100"
	ana     = "+12015550123"
)

// noon is Monday, 16:00 in New York.
var noon = time.Date(2026, 11, 2, 21, 0, 0, 0, time.UTC)

var agent = auth.User{ID: "U1", Role: auth.Agent}

func open(change func(*gatetest.Book)) (*gate.Gate, *gatetest.Book) {
	b := gatetest.NewBook()
	if change != nil {
		change(b)
	}
	return &gate.Gate{Book: b, Now: func() time.Time { return noon }}, b
}

func order(to string) gate.Order {
	return gate.Order{By: agent, Leg: "L1", To: to, Own: []string{ours, british}}
}

// ruled checks which rule refused.
func ruled(t *testing.T, what string, err error, code gate.Code, rule gate.Rule) {
	t.Helper()
	var no *gate.Refusal
	if !errors.As(err, &no) {
		t.Errorf("%s: %v; want %s by %s", what, err, code, rule)
		return
	}
	if no.Code != code || no.Rule != rule {
		t.Errorf("%s: %v; want %s by %s", what, no, code, rule)
	}
	if !strings.HasSuffix(no.Message, ".") || strings.Count(no.Message, ".")+strings.Count(no.Message, ":") < 2 {
		t.Errorf("%s: %q does not say what to do", what, no.Message)
	}
}

func TestNumbersAreReadInAnyForm(t *testing.T) {
	for _, c := range []struct {
		typed, own, want string
		code             gate.Code
	}{
		{"+1 201 555 0123", ours, ana, ""},
		{"(201) 555-0123", ours, ana, ""},
		{"201.555.0123", ours, ana, ""},
		{"201/555–0123", ours, ana, ""},
		{"1-201-555-0123", ours, ana, ""},
		{"020 7946 0123", british, "+442079460123", ""},
		{"+44 (0)20 7946 0123", ours, "+442079460123", ""},
		{"011 44 20 7946 0123", ours, "+442079460123", ""},
		{"0044 20 7946 0123", ours, "+442079460123", ""}, // as a European writes it, at an American desk
		{"011 44 20 7946 0123", british, "+442079460123", ""},
		{"00 1 201 555 0123", british, ana, ""},
		{"tel:+12015550123", ours, ana, ""},
		{"TEL:+1-201-555-0123", ours, ana, ""},
		{"\u202a+1 201 555 0123\u202c", ours, ana, ""}, // copied from a page that is written from right to left
		{"＋１２０１５５５０１２３", ours, ana, ""},
		{"+١٢٠١٥٥٥٠١٢٣", ours, ana, ""},
		{"1-800-FLOWERS", ours, "+18003569377", ""},
		{"06 698 12345", "+390669812345", "+390669812345", ""}, // Italy keeps its zero
		{"911", ours, "", gate.EmergencyNumber},
		{"9-9-9", british, "", gate.EmergencyNumber},
		{"112", british, "", gate.EmergencyNumber},
		{"911", british, "", gate.EmergencyNumber}, // known from television
		{"+1 911", ours, "", gate.EmergencyNumber},
		{"+44 999", ours, "", gate.EmergencyNumber},
		{"tel:112", ours, "", gate.EmergencyNumber},
		{"911#", ours, "", gate.EmergencyNumber},
		{"١١٢", ours, "", gate.EmergencyNumber},
		{"611", ours, "", gate.InvalidNumber},
		{"12", ours, "", gate.InvalidNumber},
		{"", ours, "", gate.InvalidNumber},
		{"+1 201", ours, "", gate.InvalidNumber},
		{"<script>", ours, "", gate.InvalidNumber},
		{"+1 201 555 0123 ext. 7", ours, "", gate.InvalidNumber},
		{"+1 201 555 0123x7", ours, "", gate.InvalidNumber},
		{"+12015550123,,7", ours, "", gate.InvalidNumber},
		{"+12015550123;ext=7", ours, "", gate.InvalidNumber},
		{"tel:2015550123;phone-context=+1", ours, "", gate.InvalidNumber},
		{"sip:+12015550123@evil.example", ours, "", gate.InvalidNumber},
		{"client:alex", ours, "", gate.InvalidNumber},
		{"*67 201 555 0123", ours, "", gate.InvalidNumber},
		{"##002#", ours, "", gate.InvalidNumber},
		{"+1 201 555 0123\r\nTo: +44", ours, "", gate.InvalidNumber},
		{"call 201 555 0123", ours, "", gate.InvalidNumber},
		{"+1201555+0123", ours, "", gate.InvalidNumber},
		{strings.Repeat("1", 100), ours, "", gate.InvalidNumber},
	} {
		got, err := gate.Read(c.typed, c.own)
		var no *gate.Refusal
		if errors.As(err, &no); got.E164 != c.want || (no == nil) != (c.code == "") || (no != nil && no.Code != c.code) {
			t.Errorf("%q at %s: %q, %v; want %q %s", c.typed, c.own, got.E164, err, c.want, c.code)
		}
	}
}

func TestEveryRuleRefusesAndSaysSo(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*gatetest.Book)
		order  func(*gate.Order)
		code   gate.Code
		rule   gate.Rule
	}{
		{"disabled user", nil, func(o *gate.Order) { o.By.Disabled = true }, gate.Forbidden, gate.RulePermission},
		{"role without calls", nil, func(o *gate.Order) { o.By.Role = "guest" }, gate.Forbidden, gate.RulePermission},
		{"desk without a number", nil, func(o *gate.Order) { o.Own = nil }, gate.NoNumber, gate.RuleCallerID},
		{"foreign caller id", nil, func(o *gate.Order) { o.From = "+12015550199" }, gate.NotOurNumber, gate.RuleCallerID},
		{"own number", nil, func(o *gate.Order) { o.To = "020 7946 0100"; o.From = british }, gate.OwnNumber, gate.RuleOwnNumber},
		{"premium", nil, func(o *gate.Order) { o.To = "+1 900 555 0123" }, gate.RangeNotAllowed, gate.RulePriceClass},
		{"personal", nil, func(o *gate.Order) { o.To = "+44 70 1234 5678" }, gate.RangeNotAllowed, gate.RulePriceClass},
		{"shared cost", nil, func(o *gate.Order) { o.To = "+49 180 1 234567" }, gate.RangeNotAllowed, gate.RulePriceClass},
		{"satellite", nil, func(o *gate.Order) { o.To = "+8816 1234 5678" }, gate.RangeNotAllowed, gate.RulePriceClass},
		{"premium exchange", nil, func(o *gate.Order) { o.To = "+1 212 976 1234" }, gate.RangeNotAllowed, gate.RuleHighRisk},
		{"risky range of an allowed country", func(b *gatetest.Book) { b.P.Countries = append(b.P.Countries, "ZW") }, func(o *gate.Order) { o.To = "+263 71 234 5678" }, gate.RangeNotAllowed, gate.RuleHighRisk},
		{"country", nil, func(o *gate.Order) { o.To = "+62 21 5010 1234" }, gate.CountryNotAllowed, gate.RuleCountry},
		{"Caribbean, dialled like home", nil, func(o *gate.Order) { o.To = "876 523 0123" }, gate.CountryNotAllowed, gate.RuleCountry},
		{"do not call", func(b *gatetest.Book) { b.Listed[ana] = true }, nil, gate.DoNotCall, gate.RuleDoNotCall},
		{"local hours", func(b *gatetest.Book) { b.P.Hours.On, b.P.Hours.Until = true, "15:59" }, nil, gate.OutsideHours, gate.RuleHours},
		{"day", func(b *gatetest.Book) { b.P.Hours.On, b.P.Hours.Days = true, []int{2, 3} }, nil, gate.OutsideHours, gate.RuleHours},
		{"frozen", func(b *gatetest.Book) { b.P.Frozen = true }, nil, gate.Frozen, gate.RuleFreeze},
		{"emergency at a frozen desk", func(b *gatetest.Book) { b.P.Frozen = true }, func(o *gate.Order) { o.To = "911" }, gate.EmergencyNumber, gate.RuleEmergency},
		{"spend", func(b *gatetest.Book) { b.P.User.SpendPerDay = 1 }, mobileAbroad, gate.SpendLimit, gate.RuleSpend}, // 15 minutes count 5.25
		{"spend of the desk", func(b *gatetest.Book) { b.P.Desk.SpendPerDay = 5 }, mobileAbroad, gate.SpendLimit, gate.RuleSpend},
	} {
		g, b := open(c.change)
		o := order(ana)
		if c.order != nil {
			c.order(&o)
		}
		p, err := g.Check(t.Context(), o)
		ruled(t, c.name, err, c.code, c.rule)
		if p.Given() || b.Taken != 0 {
			t.Errorf("%s: refused, and yet %+v, %d counted", c.name, p, b.Taken)
		}
		seen, err := g.Preview(t.Context(), o)
		if err != nil || seen.Refuse == nil || seen.Refuse.Rule != c.rule {
			t.Errorf("%s: the preview says %v, %v", c.name, seen.Refuse, err)
		}
	}
}

func mobileAbroad(o *gate.Order) { o.To = "+44 7400 123456" }

func TestLittleMoneyMakesShortCalls(t *testing.T) {
	for dollars, want := range map[int]time.Duration{0: 4 * time.Hour, 84: 4 * time.Hour, 83: time.Hour, 21: time.Hour, 20: 15 * time.Minute, 6: 15 * time.Minute} {
		g, _ := open(func(b *gatetest.Book) { b.P.User.SpendPerDay = dollars })
		o := order("")
		mobileAbroad(&o)
		p, err := g.Check(t.Context(), o)
		if err != nil || p.Limit() != want {
			t.Errorf("with %d dollars a call may last %v, %v; want %v", dollars, p.Limit(), err, want)
		}
	}
}

func TestWhatADeskOpensIsOpen(t *testing.T) {
	for name, c := range map[string]struct {
		to     string
		change func(*gatetest.Book)
	}{
		"country":     {"+62 21 5010 1234", func(b *gatetest.Book) { b.P.Countries = append(b.P.Countries, "ID") }},
		"risky range": {"+263 71 234 5678", func(b *gatetest.Book) { b.P.Countries, b.P.Ranges = []string{"ZW"}, []string{"+26371"} }},
		"shared cost": {"+49 180 1 234567", func(b *gatetest.Book) { b.P.Types = []gate.Type{gate.SharedCost} }},
		"home":        {"020 7946 0123", func(b *gatetest.Book) { b.P.Countries = nil }}, // countries of own numbers stay
		"hours":       {ana, func(b *gatetest.Book) { b.P.Hours.On, b.P.Hours.Until = true, "16:01" }},
		"toll-free":   {"+1 800 356 9377", func(b *gatetest.Book) { b.P.Hours.On, b.P.Hours.Until = true, "08:01" }},
	} {
		g, _ := open(c.change)
		o := order(c.to)
		if name == "home" {
			o.From = british
		}
		if _, err := g.Check(t.Context(), o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestThePermitNamesWhatWasAllowed(t *testing.T) {
	g, _ := open(func(b *gatetest.Book) { b.P.MaxMinutes = 60 })
	o := order("(201) 555-0123")
	o.Limit = 4 * time.Hour
	p, err := g.Check(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if p.Leg() != "L1" || p.From() != ours || p.To() != ana || p.Limit() != time.Hour || !p.Given() {
		t.Errorf("permit %+v", p)
	}
	if (gate.Permit{}).Given() {
		t.Error("a permit that nobody made counts")
	}
}

func TestTheCallerIDFollowsTheDestination(t *testing.T) {
	pool := []string{ours, "+12015550101", "+12015550102"}
	g, _ := open(func(b *gatetest.Book) {
		b.P.CallerIDs = []gate.CallerRule{{Country: "GB", Numbers: []string{british}}, {Country: "US", Numbers: append(pool[1:], "+12015550199")}}
	})
	own := append([]string{british}, pool...)
	shown := map[string]bool{}
	for i := range 50 {
		o := gate.Order{By: agent, Leg: fmt.Sprint("L", i), To: fmt.Sprintf("+1201555%04d", 200+i), Own: own}
		var got [2]string
		for j := range got {
			p, err := g.Preview(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			got[j] = p.From
		}
		if got[0] != got[1] {
			t.Errorf("%s sees %s, then %s", o.To, got[0], got[1])
		}
		shown[got[0]] = true
	}
	if d := cmp.Diff(shown, map[string]bool{pool[1]: true, pool[2]: true}); d != "" {
		t.Errorf("numbers shown in the United States: %s", d)
	}
	for to, want := range map[string]string{"+442079460123": british, "+493012345678": british} { // Germany has no rule: the first
		p, err := g.Preview(t.Context(), gate.Order{By: agent, To: to, Own: own})
		if err != nil || p.From != want {
			t.Errorf("%s sees %s, %v; want %s", to, p.From, err, want)
		}
	}
}

func TestThePreviewSaysItInOneLine(t *testing.T) {
	g, b := open(nil)
	p, err := g.Preview(t.Context(), order("020 7946 0123"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Refuse == nil || p.Refuse.Rule != gate.RuleNumber { // the desk is American
		t.Errorf("a British form at an American desk: %v", p.Refuse)
	}
	if p, err = g.Preview(t.Context(), order("+44 20 7946 0123")); err != nil {
		t.Fatal(err)
	}
	if p.Refuse != nil || p.To.E164 != "+442079460123" || p.To.National != "020 7946 0123" || p.To.Country != "GB" || p.To.Type != gate.Fixed || p.Class != gate.Abroad || p.From != ours {
		t.Errorf("preview %+v", p)
	}
	if len(p.Local) != 1 || p.Local[0].Format("15:04") != "21:00" {
		t.Errorf("local time %v", p.Local)
	}
	if b.Taken != 0 {
		t.Error("a preview was counted")
	}
}

func TestNoLimitIsPassedByOneOfAHundredAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*gate.Policy)
		most int
		rule gate.Rule
	}{
		"minute":  {func(p *gate.Policy) { p.User.PerMinute = 7 }, 7, gate.RulePace},
		"at once": {func(p *gate.Policy) { p.Desk.AtOnce = 5 }, 5, gate.RuleAtOnce},
		"spend":   {func(p *gate.Policy) { p.User.SpendPerDay = 1; p.MaxMinutes = 10 }, 5, gate.RuleSpend},
	} {
		g, _ := open(func(b *gatetest.Book) {
			b.P.User, b.P.Desk = gate.Limits{}, gate.Limits{}
			c.set(&b.P)
		})
		passed := hundred(t, g, c.rule)
		if passed != c.most {
			t.Errorf("%s: %d passed, want %d", name, passed, c.most)
		}
	}
}

// hundred orders a hundred calls at once and counts those that passed.
func hundred(t *testing.T, g *gate.Gate, rule gate.Rule) (passed int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			o := order(ana)
			o.Leg = fmt.Sprint("L", i)
			_, err := g.Check(context.Background(), o)
			mu.Lock()
			defer mu.Unlock()
			var no *gate.Refusal
			switch {
			case err == nil:
				passed++
			case !errors.As(err, &no) || no.Rule != rule:
				t.Error(err)
			}
		})
	}
	all.Wait()
	return passed
}

func TestWhatWasNotPlacedIsGivenBack(t *testing.T) {
	g, _ := open(func(b *gatetest.Book) { b.P.User.AtOnce = 1 })
	p, err := g.Check(t.Context(), order(ana))
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Check(t.Context(), order(ana))
	ruled(t, "second line of one", err, gate.TooManyAtOnce, gate.RuleAtOnce)
	if err := g.Release(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Check(t.Context(), order(ana)); err != nil {
		t.Errorf("after the release: %v", err)
	}
}

func TestAWrongPolicyIsExplained(t *testing.T) {
	for name, spoil := range map[string]func(*gate.Policy){
		"country":        func(p *gate.Policy) { p.Countries = []string{"XX"} },
		"range":          func(p *gate.Policy) { p.Ranges = []string{"263"} },
		"type":           func(p *gate.Policy) { p.Types = []gate.Type{gate.Premium} },
		"rule's country": func(p *gate.Policy) { p.CallerIDs = []gate.CallerRule{{Country: "", Numbers: []string{ours}}} },
		"rule twice": func(p *gate.Policy) {
			p.CallerIDs = []gate.CallerRule{{Country: "US", Numbers: []string{ours}}, {Country: "US", Numbers: []string{ours}}}
		},
		"empty rule":    func(p *gate.Policy) { p.CallerIDs = []gate.CallerRule{{Country: "US"}} },
		"foreign rule":  func(p *gate.Policy) { p.CallerIDs = []gate.CallerRule{{Country: "US", Numbers: []string{ana}}} },
		"hours":         func(p *gate.Policy) { p.Hours.From = "8am" },
		"hours swapped": func(p *gate.Policy) { p.Hours.From, p.Hours.Until = "21:00", "08:00" },
		"day":           func(p *gate.Policy) { p.Hours.Days = []int{0} },
		"no day":        func(p *gate.Policy) { p.Hours.On, p.Hours.Days = true, nil },
		"limit":         func(p *gate.Policy) { p.Desk.PerHour = -1 },
		"minutes":       func(p *gate.Policy) { p.MaxMinutes = 0 },
		"wrap-up":       func(p *gate.Policy) { p.WrapUpSeconds = 3601 },
	} {
		p := gate.Default()
		spoil(&p)
		if err := p.Tidy().Validate([]string{ours}); err == nil {
			t.Errorf("wrong %s accepted", name)
		}
	}
	p := gate.Default()
	p.Countries, p.Ranges = []string{" gb", "GB", ""}, []string{"+263 "}
	if err := p.Tidy().Validate([]string{ours}); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff(p.Tidy().Countries, []string{"GB"}); d != "" {
		t.Error(d)
	}
	for _, r := range gate.Regions() {
		if r.CallingCode == 0 || len(r.Code) != 2 {
			t.Errorf("region %+v", r)
		}
	}
}

func TestNoForbiddenNumberPassesHoweverItIsWritten(t *testing.T) {
	numbers := gatetest.Forbidden()
	if len(numbers) < 500 {
		t.Fatalf("only %d numbers to forbid", len(numbers))
	}
	refusedNumbers := map[string]bool{}
	for _, n := range numbers {
		refusedNumbers[n] = true
	}
	g, b := open(func(b *gatetest.Book) { b.P.User, b.P.Desk = gate.Limits{}, gate.Limits{} })
	tried := 0
	for i, n := range numbers {
		for j, typed := range gatetest.Spellings(n, ana) {
			if (i+j)%4 != 0 { // each way of writing is tried with a quarter of the numbers
				continue
			}
			o := order(typed)
			o.From = []string{ours, british}[i%2]
			p, err := g.Check(t.Context(), o)
			tried++
			var no *gate.Refusal
			switch {
			case err == nil && allowed(p.To()) && !refusedNumbers[p.To()]: // its digits are another number at home
			case err == nil:
				t.Fatalf("%q at %s may be called as %s", typed, o.From, p.To())
			case !errors.As(err, &no):
				t.Fatalf("%q at %s: %v", typed, o.From, err)
			}
		}
	}
	t.Logf("%d numbers, %d orders, %d of them another number at home", len(numbers), tried, b.Taken)
}

// allowed judges a number by the library alone, not by the gate.
func allowed(e164 string) bool {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil || !phonenumbers.IsValidNumber(n) || !slices.Contains(gate.Usual, phonenumbers.GetRegionCodeForNumber(n)) {
		return false
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.FIXED_LINE, phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.TOLL_FREE, phonenumbers.VOIP, phonenumbers.UAN:
		return !strings.HasPrefix(e164, "+1") || e164[5:8] != "976"
	}
	return false
}

func TestWhateverIsTypedLeadsToAnAllowedNumberOrToARefusal(t *testing.T) {
	g, _ := open(func(b *gatetest.Book) { b.P.User, b.P.Desk = gate.Limits{}, gate.Limits{} })
	rapid.Check(t, func(t *rapid.T) {
		typed := rapid.OneOf(
			rapid.StringMatching(`(\+|00|011|tel:)?[0-9٠-٩０-９ ()./*#;,xX-]{0,24}`), rapid.String(),
			rapid.StringMatching(`\+(1900|1809|4470|4487|881|870|979|88213|53|252)[0-9]{4,9}`),
		).Draw(t, "typed")
		p, err := g.Check(context.Background(), order(typed))
		var no *gate.Refusal
		if err != nil && !errors.As(err, &no) {
			t.Fatal(err)
		}
		if err == nil && !allowed(p.To()) {
			t.Fatalf("%q may be called as %s", typed, p.To())
		}
	})
}
