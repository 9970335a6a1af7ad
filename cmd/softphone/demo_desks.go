package main

import (
	"context"
	"errors"
	"fmt"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
	"softphone/internal/phone/crm"
	"softphone/internal/phone/tenant"
)

// demoPassword is everybody's: the demo is for looking, on this machine only.
const demoPassword = "softphone-demo"

type demoDesk struct {
	slug, name string
	accountSid string // at the simulated Twilio
	authToken  string
	numbers    []string
	people     []auth.User
	contacts   []crm.Contact
}

// demoUser is a person of the demo as the login page shows them.
type demoUser struct {
	Email    string    `json:"email"`
	Password string    `json:"password"`
	Name     string    `json:"name"`
	Role     auth.Role `json:"role"`
	Tenant   string    `json:"tenant"`
	Desk     string    `json:"desk"`
}

// demoDesks are two companies that must never see each other. Numbers are of
// the ranges kept for stories: +1 201 555 01xx and +44 20 7946 0xxx.
var demoDesks = []demoDesk{
	{
		slug: "northlight", name: "Northlight Energy",
		accountSid: "AC0000000000000000000000000000a001", authToken: "a001demotokenofthesimulatedtwilio", numbers: []string{"+12015550100"},
		people: []auth.User{
			{Email: "alex@northlight.example", Name: "Alex Moreau", Role: auth.Agent},
			{Email: "sam@northlight.example", Name: "Sam Okafor", Role: auth.Agent},
			{Email: "robin@northlight.example", Name: "Robin Weiss", Role: auth.Supervisor},
			{Email: "kim@northlight.example", Name: "Kim Larsen", Role: auth.Admin},
		},
		contacts: []crm.Contact{
			{Name: "Ana Dupont", Company: "Dupont Bakery", Phone: "+12015550123", Email: "ana@dupont.example", Notes: "Customer since 2019. Prefers calls before noon."},
			{Name: "Ben Carter", Company: "Carter & Sons", Phone: "+12015550124", Email: "ben@carter.example"},
			{Name: "Chiara Rossi", Company: "Studio Rossi", Phone: "+12015550125", Email: "chiara@rossi.example"},
			{Name: "David Kim", Company: "Kim Logistics", Phone: "+12015550126", Email: "david@kimlogistics.example"},
			{Name: "Elena Petrova", Company: "Petrova Dental", Phone: "+12015550127", Email: "elena@petrova.example"},
			{Name: "Farid Haddad", Company: "Haddad Foods", Phone: "+12015550128", Email: "farid@haddad.example"},
			{Name: "Grace Mbeki", Company: "Mbeki Architects", Phone: "+12015550129", Email: "grace@mbeki.example"},
			{Name: "Hugo Nilsson", Company: "Nilsson Marine", Phone: "+12015550130", Email: "hugo@nilsson.example"},
			{Name: "Ines Garcia", Company: "Garcia Flowers", Phone: "+12015550131", Email: "ines@garcia.example"},
			{Name: "Jonas Bauer", Company: "Bauer Werkzeuge", Phone: "+12015550132", Email: "jonas@bauer.example"},
			{Name: "Keiko Tanaka", Company: "Tanaka Prints", Phone: "+12015550133", Email: "keiko@tanaka.example"},
			{Name: "Liam O'Brien", Company: "O'Brien Music", Phone: "+12015550134", Email: "liam@obrien.example"},
		},
	},
	{
		slug: "harbour", name: "Harbour Travel",
		accountSid: "AC0000000000000000000000000000b002", authToken: "b002demotokenofthesimulatedtwilio", numbers: []string{"+442079460100"},
		people: []auth.User{
			{Email: "mia@harbour.example", Name: "Mia Thompson", Role: auth.Agent},
			{Email: "noah@harbour.example", Name: "Noah Singh", Role: auth.Agent},
			{Email: "olga@harbour.example", Name: "Olga Marin", Role: auth.Supervisor},
			{Email: "pat@harbour.example", Name: "Pat Quinn", Role: auth.Admin},
		},
		contacts: []crm.Contact{
			{Name: "Amelia Hughes", Company: "Hughes Legal", Phone: "+442079460123", Email: "amelia@hughes.example"},
			{Name: "Bilal Aziz", Company: "Aziz Textiles", Phone: "+442079460124", Email: "bilal@aziz.example"},
			{Name: "Clara Jensen", Company: "Jensen Design", Phone: "+442079460125", Email: "clara@jensen.example"},
			{Name: "Dmitri Volkov", Company: "Volkov Film", Phone: "+442079460126", Email: "dmitri@volkov.example"},
			{Name: "Emma Wright", Company: "Wright Schools", Phone: "+442079460127", Email: "emma@wright.example"},
			{Name: "Finn Murphy", Company: "Murphy Cycles", Phone: "+442079460128", Email: "finn@murphy.example"},
			{Name: "Gita Rao", Company: "Rao Clinics", Phone: "+442079460129", Email: "gita@rao.example"},
			{Name: "Henrik Dahl", Company: "Dahl Timber", Phone: "+442079460130", Email: "henrik@dahl.example"},
			{Name: "Isla Fraser", Company: "Fraser Events", Phone: "+442079460131", Email: "isla@fraser.example"},
			{Name: "Jack Evans", Company: "Evans Print", Phone: "+442079460132", Email: "jack@evans.example"},
			{Name: "Karin Holm", Company: "Holm Optics", Phone: "+442079460133", Email: "karin@holm.example"},
			{Name: "Leo Conti", Company: "Conti Caffe", Phone: "+442079460134", Email: "leo@conti.example"},
		},
	},
}

// demoUsers lists the people of all desks; the first is an agent of the first.
func demoUsers() []demoUser {
	var users []demoUser
	for _, d := range demoDesks {
		for _, p := range d.people {
			users = append(users, demoUser{Email: p.Email, Password: demoPassword, Name: p.Name, Role: p.Role, Tenant: d.slug, Desk: d.name})
		}
	}
	return users
}

// make creates the desk unless it is there already.
func (d demoDesk) make(ctx context.Context, s *store.Control, c Config) error {
	t, err := s.CreateTenant(ctx, d.slug, d.name, "")
	if errors.Is(err, tenant.ErrTaken) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, p := range d.people {
		if err := createUser(ctx, s, d.slug, p, demoPassword); err != nil {
			return fmt.Errorf("user %s: %w", p.Email, err)
		}
	}
	db, err := s.Open(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, c := range d.contacts {
		if _, err := db.CreateContact(ctx, c); err != nil {
			return fmt.Errorf("contact %s: %w", c.Name, err)
		}
	}
	return d.connect(ctx, s, t, c)
}
