package rtxprom_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	metricName = regexp.MustCompile(`\brtx_[a-z0-9_]+`)
	alertName  = regexp.MustCompile(`\bRealtimex[A-Za-z]+`)
	described  = regexp.MustCompile(`fqName: "(\w+)"`)
)

// metrics are the names of what the Collector describes, and of the series of its histogram.
func metrics(t *testing.T) (names []string) {
	t.Helper()
	c, _ := collector(t)
	ch := make(chan *prometheus.Desc, 100)
	c.Describe(ch)
	close(ch)
	for desc := range ch {
		names = append(names, described.FindStringSubmatch(desc.String())[1])
	}
	return append(names, "rtx_stream_lag_seconds_bucket")
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Whatever is said of a metric is said of one that there is, and each is named in the package's
// documentation. The dashboard and docs/operating.md have what the alerts are about.
func TestMetricsThatAreNamedExist(t *testing.T) {
	exist := metrics(t)
	for _, path := range []string{"doc.go", "alerts.yml", "testdata/alerts_test.yml", "dashboard.json", "../../docs/operating.md"} {
		named := metricName.FindAllString(read(t, path), -1)
		if len(named) == 0 {
			t.Errorf("%s names no metric", path)
		}
		for _, name := range named {
			if !slices.Contains(exist, name) {
				t.Errorf("%s names %s, which does not exist", path, name)
			}
		}
	}
	doc := metricName.FindAllString(read(t, "doc.go"), -1)
	shown := metricName.FindAllString(read(t, "dashboard.json"), -1)
	explained := metricName.FindAllString(read(t, "../../docs/operating.md"), -1)
	for _, name := range exist {
		if !slices.Contains(doc, strings.TrimSuffix(name, "_bucket")) {
			t.Errorf("doc.go does not name %s", name)
		}
	}
	for _, name := range metricName.FindAllString(read(t, "alerts.yml"), -1) {
		if !slices.Contains(shown, name) {
			t.Errorf("the dashboard does not show %s, which an alert is about", name)
		}
		if !slices.Contains(explained, name) {
			t.Errorf("docs/operating.md does not explain %s, which an alert is about", name)
		}
	}
}

// The alerts are five, and each is tested, explained, and beside the panel that shows it. No other
// is named.
func TestAlertsThatAreNamedExist(t *testing.T) {
	var exist []string
	for _, found := range regexp.MustCompile(`(?m)^ +- alert: (\w+)$`).FindAllStringSubmatch(read(t, "alerts.yml"), -1) {
		exist = append(exist, found[1])
	}
	if len(exist) != 5 {
		t.Errorf("alerts %v", exist)
	}
	for _, path := range []string{"alerts.yml", "testdata/alerts_test.yml", "dashboard.json", "../../docs/operating.md"} {
		named := alertName.FindAllString(read(t, path), -1)
		for _, name := range exist {
			if !slices.Contains(named, name) {
				t.Errorf("%s does not name %s", path, name)
			}
		}
		for _, name := range named {
			if !slices.Contains(exist, name) {
				t.Errorf("%s names %s, which does not exist", path, name)
			}
		}
	}
}

// The queries that docs/operating.md shows are those of the rules or the dashboard, so that they
// are run.
func TestQueriesThatAreShownAreRun(t *testing.T) {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	run := squeeze(read(t, "alerts.yml"))
	shown := regexp.MustCompile("(?ms)^```promql\n(.*?)^```").FindAllStringSubmatch(read(t, "../../docs/operating.md"), -1)
	if len(shown) < 7 {
		t.Errorf("%d queries are shown", len(shown))
	}
	for _, s := range shown {
		if !strings.Contains(run, squeeze(s[1])) {
			t.Errorf("no rule has the query\n%s", s[1])
		}
	}
}
