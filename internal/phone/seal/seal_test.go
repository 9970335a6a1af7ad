package seal_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"softphone/internal/phone/seal"
)

func ring(t *testing.T, keys ...string) *seal.Ring {
	t.Helper()
	r, err := seal.NewRing(keys[0], keys[1:]...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealedTextOpensForItsTenantAndFieldOnly(t *testing.T) {
	r := ring(t, seal.NewKey())
	for _, plain := range []string{"", "x", "exactly sixteen!", strings.Repeat("long ", 1000)} {
		sealed, err := r.Seal("t1", "twilio", []byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Open("t1", "twilio", sealed)
		if err != nil || !bytes.Equal(got, []byte(plain)) {
			t.Errorf("opened %q, %v; want %q", got, err, plain)
		}
		for _, place := range [][2]string{{"t2", "twilio"}, {"t1", "openai"}, {"t1t", "wilio"}} {
			if _, err := r.Open(place[0], place[1], sealed); !errors.Is(err, seal.ErrRefused) {
				t.Errorf("opened for %v: %v, want ErrRefused", place, err)
			}
		}
	}
}

func TestEveryChangedBitAndEveryTruncationIsRefused(t *testing.T) {
	r := ring(t, seal.NewKey())
	sealed, err := r.Seal("t1", "twilio", []byte("an auth token"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) * 8 {
		b := []byte(sealed)
		b[i/8] ^= 1 << (i % 8)
		if _, err := r.Open("t1", "twilio", string(b)); !errors.Is(err, seal.ErrRefused) {
			t.Fatalf("bit %d changed: %v, want ErrRefused", i, err)
		}
	}
	for i := range len(sealed) {
		if _, err := r.Open("t1", "twilio", sealed[:i]); !errors.Is(err, seal.ErrRefused) {
			t.Fatalf("cut to %d: %v, want ErrRefused", i, err)
		}
	}
}

func TestEarlierKeysStillOpen(t *testing.T) {
	old, fresh := seal.NewKey(), seal.NewKey()
	sealed, err := ring(t, old).Seal("t1", "f", []byte("secret"))
	if err != nil {
		t.Fatal(err)
	}
	r := ring(t, fresh, old)
	if got, err := r.Open("t1", "f", sealed); err != nil || string(got) != "secret" {
		t.Errorf("opened %q, %v", got, err)
	}
	if r.Current(sealed) {
		t.Error("text sealed with the earlier key counts as current")
	}
	if _, err := ring(t, fresh).Open("t1", "f", sealed); !errors.Is(err, seal.ErrRefused) {
		t.Errorf("opened without its key: %v", err)
	}
}

func TestSameTextSealsDifferently(t *testing.T) {
	r := ring(t, seal.NewKey())
	seen := map[string]bool{}
	for range 10_000 {
		s, err := r.Seal("t", "f", []byte("same"))
		if err != nil {
			t.Fatal(err)
		}
		if seen[s] {
			t.Fatal("an IV was used twice")
		}
		seen[s] = true
	}
}

func TestKeysThatAreNotKeysAreRefused(t *testing.T) {
	for _, k := range []string{"", "abcd", strings.Repeat("g", 64), strings.Repeat("a", 66)} {
		if _, err := seal.NewRing(k); err == nil {
			t.Errorf("key %q accepted", k)
		}
	}
}
