package main

import (
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The load runs at all: what is said on both ends arrives. Its figures are for
// "make bench".
func TestLoad(t *testing.T) {
	address, stop, err := start()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		http.DefaultClient.CloseIdleConnections()
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	for load, dial := range map[string]maker{"relay": newRelay, "call": newCall} {
		g := generator{server: address}
		r, err := g.step(load, dial, 2, 2*time.Second)
		for _, l := range g.legs {
			l.close()
		}
		if err != nil || r.P50 == 0 || r.CPU <= 0 {
			t.Errorf("%s: %+v, %v, want sound to arrive and to cost something", load, r, err)
		}
	}
}

func TestSteps(t *testing.T) {
	if got := steps("100,x,-5,200"); len(got) != 2 || got[0] != 100 || got[1] != 200 {
		t.Errorf("steps %v, want 100 and 200", got)
	}
}
