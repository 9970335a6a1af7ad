// Package gatetest gives tests a gate whose book is in memory, and permits that
// such a gate has made.
package gatetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"softphone/internal/phone/auth"
	"softphone/internal/phone/gate"
)

// Book is a gate's book in memory.
type Book struct {
	P      gate.Policy
	Listed map[string]bool

	mu    sync.Mutex
	used  map[string]int64
	legs  map[string]gate.Reservation
	Taken int // reservations that were made
}

// NewBook returns a book with the default policy.
func NewBook() *Book {
	return &Book{P: gate.Default(), Listed: map[string]bool{}, used: map[string]int64{}, legs: map[string]gate.Reservation{}}
}

// Policy implements gate.Book.
func (b *Book) Policy(context.Context) (gate.Policy, error) { return b.P, nil }

// Refuses implements gate.Book.
func (b *Book) Refuses(_ context.Context, e164 string) (bool, error) { return b.Listed[e164], nil }

func key(c gate.Count) string { return c.Name + time.Unix(c.Period, 0).String() }

// Reserve implements gate.Book.
func (b *Book) Reserve(_ context.Context, r gate.Reservation) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range r.Counts {
		if b.used[key(c)]+c.Add > c.Most {
			return &gate.Full{Count: c}
		}
	}
	for _, c := range r.Counts {
		b.used[key(c)] += c.Add
	}
	b.legs[r.Leg] = r
	b.Taken++
	return nil
}

// Release implements gate.Book.
func (b *Book) Release(_ context.Context, leg string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.legs[leg].Counts {
		if c.Kind == gate.AtOnce || c.Kind == gate.Spend {
			b.used[key(c)] -= c.Add
		}
	}
	delete(b.legs, leg)
	return nil
}

// Used implements gate.Book.
func (b *Book) Used(_ context.Context, counts []gate.Count) ([]int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]int64, len(counts))
	for i, c := range counts {
		out[i] = b.used[key(c)]
	}
	return out, nil
}

// Permit returns leave for one leg, made by a real gate.
func Permit(t testing.TB, leg, from, to string, limit time.Duration) gate.Permit {
	t.Helper()
	g := gate.Gate{Book: NewBook(), Now: time.Now}
	p, err := g.Check(context.Background(), gate.Order{By: auth.User{ID: "U1", Role: auth.Agent}, Leg: leg, From: from, To: to, Own: []string{from}, Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
