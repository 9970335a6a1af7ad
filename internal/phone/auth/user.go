package auth

import (
	"errors"
	"time"
)

// User is a person who may sit at a desk.
type User struct {
	ID       string
	Email    string // lower case
	Name     string
	Role     Role
	Disabled bool
}

// Session is one browser or program that is logged in. Its refresh token works
// once and is stored as a hash.
type Session struct {
	ID          string
	UserID      string
	RefreshHash string
	Expires     time.Time
}

// Errors of whoever stores users and sessions.
var (
	ErrNoUser    = errors.New("no such user")
	ErrNoSession = errors.New("no such session")
)
