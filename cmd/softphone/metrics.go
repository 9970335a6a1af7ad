package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"softphone/internal/adapter/twilio"
	"softphone/internal/phone/call"
)

// counts are what is counted when it happens.
type counts struct {
	ended, webhooks, faults, frames *prometheus.CounterVec
}

func newCounts() *counts {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "softphone", Name: name, Help: help}, labels)
	}
	c := &counts{
		ended:    vec("calls_ended_total", "Calls that ended.", "status", "reason"),
		webhooks: vec("webhooks_total", "Requests of Twilio, by what came of them: taken, odd, refused or failed.", "door", "result"),
		faults:   vec("assistant_faults_total", "Times that a call was told that its assistant cannot hear or cannot advise.", "reason"),
		frames:   vec("frames_dropped_total", "Frames of 20 ms that were dropped towards Twilio, at the end of their stream: silence, the oldest speech, or cleared there.", "kind"),
	}
	for _, kind := range []string{"quiet", "spoken", "cleared"} {
		c.frames.WithLabelValues(kind) // there from the start: a rate needs a zero
	}
	return c
}

func (c *counts) callEnded(s call.Status, v call.Verdict) {
	c.ended.WithLabelValues(string(s), string(v.Reason)).Inc()
}

func (c *counts) knocked(door, result string) { c.webhooks.WithLabelValues(door, result).Inc() }

func (c *counts) faulted(reason string) { c.faults.WithLabelValues(reason).Inc() }

func (c *counts) dropped(s twilio.Sound) {
	for kind, n := range map[string]int64{"quiet": s.Quiet, "spoken": s.Spoken, "cleared": s.Cleared} {
		c.frames.WithLabelValues(kind).Add(float64(n))
	}
}

// metrics are what an operator watches. They are read when somebody asks.
func metrics(s *server) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.MustRegister(s.counts.ended, s.counts.webhooks, s.counts.faults, s.counts.frames)
	gauge := func(name, help string, read func() float64) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "softphone", Name: name, Help: help}, read))
	}
	counter := func(name, help string, read func() float64) {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "softphone", Name: name, Help: help}, read))
	}
	gauge("calls", "Calls that are not over.", func() float64 { return float64(s.exchange.Count().Calls) })
	gauge("devices", "Agents' microphones that are connected.", func() float64 { return float64(s.exchange.Count().Devices) })
	gauge("desks", "Desks that are open.", func() float64 { return float64(s.exchange.Count().Desks) })
	gauge("sockets", "Pages and programs that are connected.", func() float64 { return float64(s.gateway.Stats().Sessions) })
	counter("sockets_opened_total", "Connections of pages and programs.", func() float64 { return float64(s.gateway.Stats().Opened) })
	counter("sockets_refused_total", "Requests of the socket that were refused.", func() float64 { return float64(s.gateway.Stats().Refused) })
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}
