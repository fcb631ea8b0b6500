package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"
)

// A real Prometheus sees each fault as it is, the alerts know it, and each query of the dashboard
// gives something.
func TestPrometheusSeesEveryFault(t *testing.T) {
	s, stop := newScene(t, 200*time.Millisecond, 0)
	s.play()
	for _, p := range panels(t) {
		for _, q := range p.Targets {
			found, err := s.prom.Query(t.Context(), concrete(q.Expr, 5*time.Second))
			if err != nil {
				t.Fatalf("%s: %v", p.Title, err)
			}
			if len(found) == 0 {
				t.Errorf("%s shows nothing of %s", p.Title, q.Expr)
			}
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	s.seen(`up{job="shop"} == 0`)
}

// A panel is one of contrib/rtxprom/dashboard.json.
type panel struct {
	Type, Title string
	FieldConfig struct {
		Defaults struct{ Unit string }
	}
	GridPos struct{ X, Y, W, H int }
	Targets []struct{ Expr, LegendFormat string }
}

func panels(t *testing.T) []panel {
	data, err := os.ReadFile("../../contrib/rtxprom/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct{ Panels []panel }
	if err := json.Unmarshal(data, &dashboard); err != nil || len(dashboard.Panels) == 0 {
		t.Fatalf("%d panels: %v", len(dashboard.Panels), err)
	}
	return dashboard.Panels
}

// concrete replaces the variables of the dashboard, as Grafana does: all jobs and clients, and the
// time that a rate is taken over.
func concrete(expr string, over time.Duration) string {
	return strings.NewReplacer("$client", ".*", "$job", ".*", "$__rate_interval", over.String()).Replace(expr)
}
