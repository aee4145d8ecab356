package main

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

// newMeter returns what the services measure with, and the page on which Prometheus
// reads it.
func newMeter() (metric.Meter, http.Handler, error) {
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(
		otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(), otelprometheus.WithoutTargetInfo())
	if err != nil {
		return nil, nil, fmt.Errorf("export metrics: %w", err)
	}
	provider := sdk.NewMeterProvider(sdk.WithReader(exporter))
	return provider.Meter("github.com/outdial/outdial"), promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), nil
}

// metricsPath is where the page is. Whoever reaches the server may read it: it says
// nothing of anybody who is called.
const metricsPath = "/metrics"

// withMetrics answers that path and leaves the others to the API. It is no ServeMux,
// which would answer paths that are not clean with a redirect.
func withMetrics(page, api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reads && r.URL.Path == metricsPath {
			page.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}
