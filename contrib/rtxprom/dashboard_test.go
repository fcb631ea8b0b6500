package rtxprom_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// A dashboard is what Grafana needs of one, by its schema: what is required has a field here.
type dashboard struct {
	UID           string `json:"uid"`
	Title         string `json:"title"`
	SchemaVersion int    `json:"schemaVersion"`
	Time          struct{ From, To string }
	Templating    struct {
		List []struct {
			Name, Type string
			Query      json.RawMessage
		}
	}
	Panels []struct {
		ID          int `json:"id"`
		Type        string
		Title       string
		Description string
		Datasource  source
		GridPos     struct{ X, Y, W, H int }
		FieldConfig struct {
			Defaults struct{ Unit string }
		}
		Options struct {
			Legend struct{ Calcs []string }
		}
		Targets []struct {
			RefID      string `json:"refId"`
			Datasource source
			Expr       string
		}
	}
}

type source struct{ Type, UID string }

// The dashboard can be imported as it is: into any Grafana, whatever its data source is called. That
// its queries give something is tested in examples/service, beside a real Prometheus.
func TestDashboard(t *testing.T) {
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, "dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 36 || d.Time.From == "" || len(d.Panels) < 9 {
		t.Errorf("the head is %q %q %d %v", d.UID, d.Title, d.SchemaVersion, d.Time)
	}
	variables := make(map[string]bool)
	for _, v := range d.Templating.List {
		variables[v.Name] = v.Type == "datasource" || strings.Contains(string(v.Query), "label_values(rtx_connected")
	}
	ids, taken := make(map[int]bool), make(map[[2]int]bool)
	for _, p := range d.Panels {
		if ids[p.ID] || p.ID == 0 || p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || p.Options.Legend.Calcs == nil {
			t.Errorf("panel %d %q is not whole, or there twice", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type != "timeseries" && p.Type != "state-timeline" {
			t.Errorf("%s: the type %s is not one that every Grafana has", p.Title, p.Type)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if taken[at] || at[0] >= 24 {
					t.Fatalf("%s lies on another panel, or outside", p.Title)
				}
				taken[at] = true
			}
		}
		refs := make(map[string]bool)
		for _, q := range p.Targets {
			if q.Datasource != (source{"prometheus", "${datasource}"}) || q.Datasource != p.Datasource || q.Expr == "" || q.RefID == "" {
				t.Errorf("%s: the query %+v", p.Title, q)
			}
			if !strings.Contains(q.Expr, `{client=~"$client", job=~"$job"}`) {
				t.Errorf("%s: %s is not of the chosen clients", p.Title, q.Expr)
			}
			refs[q.RefID] = true
		}
		if len(refs) != len(p.Targets) || len(refs) == 0 {
			t.Errorf("%s has no query, or two of one name", p.Title)
		}
	}
	for _, name := range []string{"datasource", "job", "client"} {
		if !variables[name] {
			t.Errorf("no variable %s", name)
		}
	}
}
