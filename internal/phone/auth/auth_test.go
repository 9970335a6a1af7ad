package auth_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"softphone/internal/phone/auth"
)

var start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

func TestTokenLivesFifteenMinutes(t *testing.T) {
	now := start
	s := auth.NewSigner([]byte(strings.Repeat("k", 32)), func() time.Time { return now })
	want := auth.Claims{Subject: "u1", Tenant: "t1", Session: "s1"}
	token, expires, err := s.Issue(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := expires.Sub(start); got != auth.TokenLife {
		t.Errorf("expires after %v, want %v", got, auth.TokenLife)
	}
	now = start.Add(auth.TokenLife - time.Second)
	got, err := s.Verify(token)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Error(d)
	}
	now = start.Add(auth.TokenLife + time.Second)
	if _, err := s.Verify(token); !errors.Is(err, auth.ErrToken) {
		t.Errorf("expired token: %v, want ErrToken", err)
	}
}

func TestForeignTokensAreRefused(t *testing.T) {
	key := []byte(strings.Repeat("k", 32))
	s := auth.NewSigner(key, func() time.Time { return start })
	good := jwt.MapClaims{"iss": "softphone", "aud": "softphone", "sub": "u", "tenant": "t", "sid": "s", "iat": start.Unix(), "exp": start.Add(time.Minute).Unix()}
	sign := func(m jwt.SigningMethod, k any, change map[string]any, header map[string]any) string {
		c := jwt.MapClaims{}
		for n, v := range good {
			c[n] = v
		}
		for n, v := range change {
			c[n] = v
			if v == nil {
				delete(c, n)
			}
		}
		tok := jwt.NewWithClaims(m, c)
		for n, v := range header {
			tok.Header[n] = v
		}
		text, err := tok.SignedString(k)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	valid := sign(jwt.SigningMethodHS256, key, nil, nil)
	if _, err := s.Verify(valid); err != nil {
		t.Fatalf("the token the others are made from: %v", err)
	}
	other := []byte(strings.Repeat("o", 32))
	cases := map[string]string{
		"empty":         "",
		"not a token":   "a.b.c",
		"alg none":      sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"HS512":         sign(jwt.SigningMethodHS512, key, nil, nil),
		"other key":     sign(jwt.SigningMethodHS256, other, nil, nil),
		"embedded jwk":  sign(jwt.SigningMethodHS256, other, nil, map[string]any{"jwk": map[string]string{"kty": "oct", "k": base64.RawURLEncoding.EncodeToString(other)}}),
		"kid with path": sign(jwt.SigningMethodHS256, []byte{}, nil, map[string]any{"kid": "../../dev/null"}),
		"wrong issuer":  sign(jwt.SigningMethodHS256, key, map[string]any{"iss": "elsewhere"}, nil),
		"wrong aud":     sign(jwt.SigningMethodHS256, key, map[string]any{"aud": "elsewhere"}, nil),
		"no expiry":     sign(jwt.SigningMethodHS256, key, map[string]any{"exp": nil}, nil),
		"issued later":  sign(jwt.SigningMethodHS256, key, map[string]any{"iat": start.Add(time.Hour).Unix()}, nil),
		"no tenant":     sign(jwt.SigningMethodHS256, key, map[string]any{"tenant": nil}, nil),
		"no session":    sign(jwt.SigningMethodHS256, key, map[string]any{"sid": nil}, nil),
		"truncated":     valid[:len(valid)-2],
	}
	for name, token := range cases {
		if _, err := s.Verify(token); !errors.Is(err, auth.ErrToken) {
			t.Errorf("%s: %v, want ErrToken", name, err)
		}
	}
}

func TestPasswords(t *testing.T) {
	h := auth.HashPassword("correct horse")
	if !auth.CheckPassword(h, "correct horse") {
		t.Error("the right password is refused")
	}
	if auth.CheckPassword(h, "correct Horse") {
		t.Error("a wrong password is accepted")
	}
	if h == auth.HashPassword("correct horse") {
		t.Error("two hashes of one password are equal: no salt")
	}
	for _, broken := range []string{"", "plain", "$argon2id$v=19$m=0,t=0,p=0$$", strings.Replace(h, "argon2id", "argon2i", 1)} {
		if auth.CheckPassword(broken, "correct horse") {
			t.Errorf("hash %q accepted", broken)
		}
	}
}

func TestThrottleIsPerAccountAndAddress(t *testing.T) {
	now := start
	th := auth.NewThrottle(func() time.Time { return now })
	for i := range 10 {
		if !th.Allow("a@x", "1.1.1.1") {
			t.Fatalf("attempt %d refused", i+1)
		}
		th.Failed("a@x", "1.1.1.1")
	}
	if th.Allow("a@x", "1.1.1.1") {
		t.Error("the eleventh attempt within a minute is allowed")
	}
	if !th.Allow("a@x", "2.2.2.2") || !th.Allow("b@x", "1.1.1.1") {
		t.Error("the owner at another address, or a neighbour, is locked out")
	}
	now = now.Add(time.Minute)
	if !th.Allow("a@x", "1.1.1.1") {
		t.Error("still refused a minute later")
	}
}

func TestRoles(t *testing.T) {
	for role, want := range map[auth.Role]map[auth.Permission]bool{
		auth.Agent:      {auth.MakeCalls: true, auth.ReadCRM: true, auth.HistoryAll: false, auth.ManageTenant: false},
		auth.Supervisor: {auth.MakeCalls: true, auth.HistoryAll: true, auth.ManageTenant: false},
		auth.Admin:      {auth.MakeCalls: true, auth.HistoryAll: true, auth.ManageTenant: true},
		"stranger":      {auth.MakeCalls: false, auth.ReadCRM: false},
	} {
		for p, may := range want {
			if got := role.May(p); got != may {
				t.Errorf("%s may %s: %v, want %v", role, p, got, may)
			}
		}
	}
}
