package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"softphone/internal/phone/seal"
)

func envelope(t *testing.T, r *seal.Ring, tenant string, keys map[string]string, ids ...string) *seal.Envelope {
	t.Helper()
	e := seal.NewEnvelope(r, tenant)
	for _, id := range ids {
		if keys[id] == "" {
			w, err := e.WrapKey(id)
			if err != nil {
				t.Fatal(err)
			}
			keys[id] = w
		}
		if err := e.Add(id, keys[id]); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func TestWhatAnEnvelopeSealedOpensAtItsPlaceOnly(t *testing.T) {
	r, keys := ring(t, seal.NewKey()), map[string]string{}
	e := envelope(t, r, "t1", keys, "k1")
	for _, size := range []int{0, 1, 15, 16, 17, 160_000} {
		plain := bytes.Repeat([]byte{7}, size)
		id, sealed, err := e.Seal("rec/1/2", plain)
		if err != nil || id != "k1" {
			t.Fatalf("sealed with %q, %v", id, err)
		}
		if got, err := e.Open(id, "rec/1/2", sealed); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: opened %d, %v", size, len(got), err)
		}
		if _, err := e.Open(id, "rec/1/3", sealed); !errors.Is(err, seal.ErrRefused) {
			t.Errorf("at another place: %v, want ErrRefused", err)
		}
		if _, err := seal.NewEnvelope(r, "t2").Open(id, "rec/1/2", sealed); !errors.Is(err, seal.ErrNoKey) {
			t.Errorf("without the key: %v, want ErrNoKey", err)
		}
	}
	if err := seal.NewEnvelope(r, "t2").Add("k1", keys["k1"]); !errors.Is(err, seal.ErrRefused) {
		t.Errorf("another tenant's key: %v, want ErrRefused", err)
	}
	if _, _, err := seal.NewEnvelope(r, "t1").Seal("p", nil); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("sealed without a key: %v, want ErrNoKey", err)
	}
}

func TestEveryChangedBitOfSealedSoundIsRefused(t *testing.T) {
	e := envelope(t, ring(t, seal.NewKey()), "t1", map[string]string{}, "k1")
	id, sealed, err := e.Seal("p", []byte("some sound that is longer than a block"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(sealed) * 8 {
		b := bytes.Clone(sealed)
		b[i/8] ^= 1 << (i % 8)
		if _, err := e.Open(id, "p", b); !errors.Is(err, seal.ErrRefused) {
			t.Fatalf("bit %d changed: %v, want ErrRefused", i, err)
		}
	}
	for i := range len(sealed) {
		if _, err := e.Open(id, "p", sealed[:i]); !errors.Is(err, seal.ErrRefused) {
			t.Fatalf("cut to %d: %v, want ErrRefused", i, err)
		}
	}
}

func TestDataKeysAndMasterKeysRotate(t *testing.T) {
	old, fresh := seal.NewKey(), seal.NewKey()
	keys := map[string]string{}
	first := envelope(t, ring(t, old), "t1", keys, "k1")
	_, before, err := first.Seal("p", []byte("before"))
	if err != nil {
		t.Fatal(err)
	}
	both := envelope(t, ring(t, fresh, old), "t1", keys, "k1", "k2")
	if id, _, err := both.Seal("p", []byte("after")); id != "k2" || err != nil {
		t.Errorf("sealed with %s, %v; want the newest key", id, err)
	}
	again, changed, err := both.Rewrap("k1", keys["k1"])
	if err != nil || !changed {
		t.Fatalf("rewrapped %t, %v", changed, err)
	}
	if _, changed, _ := both.Rewrap("k1", again); changed {
		t.Error("a key of the current master was rewrapped")
	}
	later := envelope(t, ring(t, fresh), "t1", map[string]string{"k1": again, "k2": keys["k2"]}, "k1")
	if got, err := later.Open("k1", "p", before); err != nil || string(got) != "before" {
		t.Errorf("after the old master was removed: %q, %v", got, err)
	}
}
