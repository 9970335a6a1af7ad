package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// TokenLife is how long an access token is accepted. Revocation reaches tokens
// earlier: the session is looked up at every use.
const TokenLife = 15 * time.Minute

// issuer and audience are the same words: we issue for ourselves.
const (
	issuer   = "softphone"
	audience = "softphone"
)

// ErrToken is the answer to every token that is not ours, not valid or not any
// more: one error, so that nothing can be learnt from it.
var ErrToken = errors.New("token refused")

// Claims is what an access token says.
type Claims struct {
	Subject string // user id
	Tenant  string // tenant id
	Session string
}

type jwtClaims struct {
	Tenant  string `json:"tenant"`
	Session string `json:"sid"`
	jwt.RegisteredClaims
}

// Signer issues and verifies access tokens: HS256 only, no key id, no key from
// the token.
type Signer struct {
	key    []byte
	now    func() time.Time
	parser *jwt.Parser
}

// NewSigner takes a 32-byte key and a clock.
func NewSigner(key []byte, now func() time.Time) *Signer {
	return &Signer{key: key, now: now, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(issuer), jwt.WithAudience(audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(now), jwt.WithStrictDecoding(),
	)}
}

// Issue signs a token.
func (s *Signer) Issue(c Claims) (token string, expires time.Time, err error) {
	now := s.now()
	expires = now.Add(TokenLife)
	token, err = jwt.NewWithClaims(jwt.SigningMethodHS256, jwtClaims{
		Tenant: c.Tenant, Session: c.Session,
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{audience}, Subject: c.Subject,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(expires),
		},
	}).SignedString(s.key)
	if err != nil {
		return "", expires, fmt.Errorf("sign token: %w", err)
	}
	return token, expires, nil
}

// Verify returns what a valid token says, else ErrToken.
func (s *Signer) Verify(token string) (Claims, error) {
	var c jwtClaims
	t, err := s.parser.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) { return s.key, nil })
	if err != nil || !t.Valid || c.Subject == "" || c.Tenant == "" || c.Session == "" {
		return Claims{}, ErrToken
	}
	return Claims{Subject: c.Subject, Tenant: c.Tenant, Session: c.Session}, nil
}
