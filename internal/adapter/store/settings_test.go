package store_test

import (
	"fmt"
	"sync"
	"testing"

	"softphone/internal/adapter/store"
)

func TestSettingsArePartsThatAreReplacedWhole(t *testing.T) {
	type part struct{ A, B string }
	on(t, func(t *testing.T, s *store.Control) {
		_, db := newTenant(t, s)
		got := part{A: "default"}
		if err := db.Setting(t.Context(), "one", &got); err != nil || got.A != "default" {
			t.Errorf("never saved: %+v, %v; want the default left alone", got, err)
		}
		for _, want := range []part{{A: "x", B: "y"}, {B: "z"}} {
			if err := db.SaveSetting(t.Context(), "one", want); err != nil {
				t.Fatal(err)
			}
			got = part{}
			if err := db.Setting(t.Context(), "one", &got); err != nil || got != want {
				t.Errorf("read %+v, %v; want %+v", got, err, want)
			}
		}
		got = part{}
		if err := db.Setting(t.Context(), "two", &got); err != nil || got != (part{}) {
			t.Errorf("another part: %+v, %v", got, err)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				if err := db.SaveSetting(t.Context(), "raced", part{A: fmt.Sprint(i)}); err != nil {
					t.Error("saved by two at once:", err)
				}
			})
		}
		wg.Wait()
	})
}
