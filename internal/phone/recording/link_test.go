package recording_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"softphone/internal/phone/recording"
)

func TestALinkOpensForFiveMinutesAndUnchangedOnly(t *testing.T) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	l := recording.Links{Key: bytes.Repeat([]byte{1}, 32), Now: func() time.Time { return now }}
	want := recording.Pass{Tenant: "t1", Session: "s1", User: "u1", Call: "c1", Recording: "r1", Checksum: "abc"}
	link, expires := l.Sign(want)
	got, err := l.Open(link)
	if err != nil || got.User != "u1" || got.Recording != "r1" || !got.Expires.Equal(expires) || expires.Sub(now) > 5*time.Minute {
		t.Errorf("opened %+v, %v, until %v", got, err, expires)
	}
	for i := range len(link) {
		for _, c := range []byte{'A', 'B', '.', '\n', '='} {
			if changed := link[:i] + string(c) + link[i+1:]; changed != link {
				if _, err := l.Open(changed); !errors.Is(err, recording.ErrLink) {
					t.Fatalf("character %d changed to %q: %v", i, c, err)
				}
			}
		}
		for _, changed := range []string{link[:i], link[:i] + "\n" + link[i:], link[i+1:]} {
			if _, err := l.Open(changed); !errors.Is(err, recording.ErrLink) {
				t.Fatalf("cut or stretched at %d: %v", i, err)
			}
		}
	}
	other := recording.Links{Key: bytes.Repeat([]byte{2}, 32), Now: l.Now}
	if _, err := other.Open(link); !errors.Is(err, recording.ErrLink) {
		t.Errorf("another key: %v", err)
	}
	if l.Browser("s1") == l.Browser("s2") || l.Browser("s1") == other.Browser("s1") {
		t.Error("two sessions show the same")
	}
	now = now.Add(5 * time.Minute)
	if _, err := l.Open(link); !errors.Is(err, recording.ErrLink) {
		t.Errorf("five minutes later: %v", err)
	}
}

func FuzzLink(f *testing.F) {
	now := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	l := recording.Links{Key: bytes.Repeat([]byte{1}, 32), Now: func() time.Time { return now }}
	real, _ := l.Sign(recording.Pass{Tenant: "t1", Session: "s1", User: "u1", Call: "c1", Recording: "r1"})
	f.Add(real)
	f.Add(strings.ToUpper(real))
	f.Add("..")
	f.Add(real + "." + real)
	f.Fuzz(func(t *testing.T, link string) {
		if _, err := l.Open(link); err == nil && link != real {
			t.Errorf("%q opened", link)
		}
	})
}
