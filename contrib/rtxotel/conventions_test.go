package rtxotel_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The conventions are read from the packages that OpenTelemetry generates from their model: what
// each metric is called, its unit, its instrument and its attributes, and the type of each
// attribute.
const conventions = "go.opentelemetry.io/otel/semconv/v1.43.0"

// A convention is what they say of one metric.
type convention struct {
	unit, description, instrument string
	required                      []string
	allowed                       []string
}

func parsed(t *testing.T, path string) *ast.File {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", conventions).Output()
	if err != nil {
		t.Fatal(err)
	}
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(dir)), path), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// literals are the strings in a function, in order.
func literals(n ast.Node) (all []string) {
	ast.Inspect(n, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, _ := strconv.Unquote(l.Value)
			all = append(all, s)
		}
		return true
	})
	return all
}

// metricConventions reads package messagingconv. A metric is a type there. An attribute is required
// if a comment says so, or if every measurement must have it.
func metricConventions(t *testing.T) map[string]*convention {
	byType := make(map[string]*convention)
	byName := make(map[string]*convention)
	f := parsed(t, "messagingconv/metric.go")
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok || d.Tok != token.TYPE {
			continue
		}
		spec := d.Specs[0].(*ast.TypeSpec)
		if s, ok := spec.Type.(*ast.StructType); ok {
			byType[spec.Name.Name] = &convention{instrument: s.Fields.List[0].Type.(*ast.SelectorExpr).Sel.Name}
		}
	}
	for _, decl := range f.Decls {
		d, ok := decl.(*ast.FuncDecl)
		if !ok || d.Recv == nil {
			continue
		}
		c := byType[d.Recv.List[0].Type.(*ast.Ident).Name]
		strs := literals(d)
		switch name := d.Name.Name; {
		case name == "Name":
			byName[strs[0]+" "+c.instrument] = c
		case name == "Unit":
			c.unit = strs[0]
		case name == "Description":
			c.description = strs[0]
		case name == "Add" || name == "Record":
			for _, s := range strs {
				if !slices.Contains(c.required, s) {
					c.required = append(c.required, s)
				}
			}
		case strings.HasPrefix(name, "Attr"):
			if strings.Contains(d.Doc.Text(), "required attribute") {
				c.required = append(c.required, strs[0])
			}
			c.allowed = append(c.allowed, strs[0])
		}
	}
	return byName
}

var typeLine = regexp.MustCompile(`(?m)^Type: (.*)$`)

// attributeTypes reads the type of each attribute.
func attributeTypes(t *testing.T) map[attribute.Key]string {
	all := make(map[attribute.Key]string)
	for _, decl := range parsed(t, "attribute_group.go").Decls {
		d, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range d.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok || !strings.HasSuffix(v.Names[0].Name, "Key") {
				continue
			}
			if m := typeLine.FindStringSubmatch(v.Doc.Text()); m != nil {
				all[attribute.Key(literals(v.Values[0])[0])] = m[1]
			}
		}
	}
	if len(all) < 100 {
		t.Fatalf("%d attributes were read", len(all))
	}
	return all
}

// instrument names the instrument behind the data of a metric. What is observed and what is
// recorded gives the same data.
func instrument(d metricdata.Aggregation) string {
	switch d := d.(type) {
	case metricdata.Sum[int64]:
		if d.IsMonotonic {
			return "Int64Counter"
		}
		return "Int64UpDownCounter"
	case metricdata.Sum[float64]:
		return "Float64Counter"
	case metricdata.Histogram[float64]:
		return "Float64Histogram"
	}
	return "unknown"
}

// required are the attributes of a process span and a send span of a single message, and of a
// batch, as the requirement levels of the conventions' spans have them: those that are required,
// and those whose condition holds here.
var required = []attribute.Key{
	"messaging.system", "messaging.operation.name", "messaging.operation.type",
	"messaging.destination.name", "messaging.destination.template", "server.address", "server.port", "messaging.client.id",
}

// Everything that is told of a busy client is held against the conventions.
func TestConventions(t *testing.T) {
	busy := newBusy(t)
	metrics, types := metricConventions(t), attributeTypes(t)
	var want []string
	seen := make(map[string]bool)
	for key, c := range metrics {
		name, _, _ := strings.Cut(key, " ")
		want = append(want, name)
		if len(c.required) < 2 || c.unit == "" {
			t.Errorf("%s was not read: %+v", key, c)
		}
	}
	collected := busy.metrics()
	for name, m := range collected {
		kind := instrument(m.Data)
		c := metrics[name+" "+kind]
		own := strings.HasPrefix(name, "realtimex.")
		if c == nil && !own {
			t.Errorf("the conventions have no %s with the data of a %s", name, kind)
			continue
		}
		if m.Unit == "" || m.Description == "" {
			t.Errorf("%s: the unit is %q, the description is %q", name, m.Unit, m.Description)
		}
		all := points(m)
		if len(all) == 0 {
			t.Errorf("%s has no points", name)
		}
		for _, p := range all {
			checkTypes(t, name, p.attrs, types)
			if own {
				continue
			}
			seen[name] = true
			for key := range p.attrs {
				if !slices.Contains(c.allowed, string(key)) && !slices.Contains(c.required, string(key)) {
					t.Errorf("%s has the attribute %s, which the conventions do not list for it", name, key)
				}
			}
			for _, key := range append(c.required, "server.address", "server.port") {
				if _, ok := p.attrs[attribute.Key(key)]; !ok {
					t.Errorf("%s lacks %s: %s", name, key, text(p.attrs))
				}
			}
		}
		if !own && (m.Unit != c.unit || m.Description != c.description) {
			t.Errorf("%s: %q, %q; want %q, %q", name, m.Unit, m.Description, c.unit, c.description)
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	expect(t, "metrics of the conventions", strings.Join(slices.Sorted(maps.Keys(seen)), " "), strings.Join(want, " "))
	for name := range metrics {
		if strings.HasPrefix(name, "realtimex.") {
			t.Errorf("%s is in the namespace of this package", name)
		}
	}
	operations := make(map[string]bool)
	for _, p := range points(collected["messaging.client.operation.duration"]) {
		_, failed := p.attrs["error.type"]
		operations[fmt.Sprint(p.attrs["messaging.operation.name"].AsString(), " ", failed)] = true
	}
	delete(operations, "connect true") // if the server was not back yet
	expect(t, "operations, and whether they failed", fmt.Sprint(operations), "map[connect false:true subscribe false:true trigger false:true trigger true:true]")
	bounds := collected["messaging.process.duration"].Data.(metricdata.Histogram[float64]).DataPoints[0].Bounds
	if !slices.Equal(bounds, []float64{0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}) {
		t.Errorf("bounds: %v", bounds)
	}
	for _, span := range busy.spans.Ended() {
		checkSpan(t, span, types)
	}
}

func checkSpan(t *testing.T, span sdktrace.ReadOnlySpan, types map[attribute.Key]string) {
	if span.InstrumentationScope().Name == "test" {
		return
	}
	attrs := named(span.Attributes())
	checkTypes(t, span.Name(), attrs, types)
	for _, link := range span.Links() {
		checkTypes(t, "a link of "+span.Name(), named(link.Attributes), types)
	}
	operation, _, _ := strings.Cut(span.Name(), " ")
	if operation == "gap" { // no span of the conventions
		return
	}
	for _, key := range required {
		if _, ok := attrs[key]; !ok {
			t.Errorf("the span %q lacks %s: %s", span.Name(), key, text(attrs))
		}
	}
	expect(t, "operation in the span's name", operation, attrs["messaging.operation.name"].AsString())
	expect(t, "span's name", span.Name(), operation+" "+attrs["messaging.destination.template"].AsString())
	_, failed := attrs["error.type"]
	expect(t, "error.type if and only if the status is an error", failed, span.Status().Code == 1)
	kinds := map[string][]string{"send": {"producer", "client"}, "process": {"consumer"}}
	if !slices.Contains(kinds[attrs["messaging.operation.type"].AsString()], span.SpanKind().String()) {
		t.Errorf("%s: the kind is %s", span.Name(), span.SpanKind())
	}
	_, batch := attrs["messaging.batch.message_count"]
	_, single := attrs["messaging.message.id"]
	expect(t, span.Name()+" of a consumer is either of a message or of a batch", batch != single, operation == "process")
}

// checkTypes looks up each attribute: it is the conventions', with their type, or in a namespace
// that is not theirs.
func checkTypes(t *testing.T, of string, attrs map[attribute.Key]attribute.Value, types map[attribute.Key]string) {
	t.Helper()
	for key, value := range attrs {
		typ, known := types[key]
		own := strings.HasPrefix(string(key), "realtimex.") || strings.HasPrefix(string(key), "messaging.realtimex.")
		switch {
		case own == known:
			t.Errorf("%s: is %s the conventions'? %v. Is it in a namespace of ours? %v", of, key, known, own)
		case typ == "int" && value.Type() != attribute.INT64, (typ == "string" || typ == "Enum") && value.Type() != attribute.STRING:
			t.Errorf("%s: %s is a %v, and should be a %s", of, key, value.Type(), typ)
		}
	}
}
