package main

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are what an operator watches. They are read when somebody asks.
func metrics(s *server) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
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
