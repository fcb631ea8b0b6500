package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/realtimex/realtimex-go/rtx/auth"
)

// A contract is openapi.yaml, and which answers of it were seen.
type contract struct {
	*testing.T
	model *v3.Document
	check validator.Validator
	seen  map[string]bool // "operationId status"
}

func readContract(t *testing.T) *contract {
	t.Helper()
	description, err := os.ReadFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	document, err := libopenapi.NewDocument(description)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(document.Release)
	check, faults := validator.NewValidator(document)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	t.Cleanup(check.Release)
	model, err := document.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	return &contract{t, &model.Model, check, make(map[string]bool)}
}

// operations are what the contract has, by "METHOD path".
func (c *contract) operations() map[string]*v3.Operation {
	all := make(map[string]*v3.Operation)
	for path, item := range c.model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			all[strings.ToUpper(method)+" "+path] = op
		}
	}
	return all
}

// The contract is a valid OpenAPI 3.1 document, of the very routes that there are.
func TestContractIsOfTheRoutes(t *testing.T) {
	c := readContract(t)
	if ok, faults := c.check.ValidateDocument(); !ok {
		for _, f := range faults {
			t.Errorf("%s: %s", f.Message, f.Reason)
		}
	}
	if !strings.HasPrefix(c.model.Version, "3.1") {
		t.Errorf("OpenAPI %s", c.model.Version)
	}
	source, err := os.ReadFile("../routes.go")
	if err != nil {
		t.Fatal(err)
	}
	described := c.operations()
	for _, r := range regexp.MustCompile(`\{"([A-Z]+)", "([^"]+)", `).FindAllSubmatch(source, -1) {
		name := string(r[1]) + " " + string(r[2])
		if described[name] == nil {
			t.Errorf("%s is not described", name)
		}
		delete(described, name)
	}
	for name := range described {
		t.Errorf("%s is described, and there is no such route", name)
	}
}

// exchange asks, and holds the answer against the contract; the question too, if it is meant to be
// right.
func (c *contract) exchange(b *bed, q question, operation string, status int) string {
	c.Helper()
	response, err := client.Do(b.request(c.Context(), q))
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	return c.judge(b, q, response, operation, status)
}

// judge holds an answer against the contract, as exchange does.
func (c *contract) judge(b *bed, q question, response *http.Response, operation string, status int) string {
	c.Helper()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	if response.StatusCode != status {
		c.Errorf("%s %s %s: %d %s, want %d", q.method, q.path, q.body, response.StatusCode, body, status)
		return string(body)
	}
	c.seen[fmt.Sprint(operation, " ", status)] = true
	response.Body = io.NopCloser(bytes.NewReader(body))
	if ok, faults := c.check.ValidateHttpResponse(b.request(c.Context(), q), response); !ok {
		for _, f := range faults {
			c.Errorf("the answer to %s %s: %s: %s: %v\n%s", q.method, q.path, f.Message, f.Reason, f.SchemaValidationErrors, body)
		}
	}
	if status == http.StatusOK {
		if ok, faults := c.check.ValidateHttpRequest(b.request(c.Context(), q)); !ok {
			for _, f := range faults {
				c.Errorf("the question %s %s %s: %s: %s", q.method, q.path, q.body, f.Message, f.Reason)
			}
		}
	}
	return string(body)
}

// Each answer that the contract has was seen, and is as it says; and each operation takes the fields
// and the parameters that it says, and no others.
func TestContractIsKept(t *testing.T) {
	c, b := readContract(t), newBed(t)
	b.connect("orders", "private-desk", "presence-lobby")
	socket := b.server.Connections()[0].SocketID()
	ok, bad := http.StatusOK, http.StatusBadRequest

	c.exchange(b, get("openapi.yaml"), "describe", ok)
	c.exchange(b, post("publish", `{"channel":"orders","event":"e","data":{"a":[1,null]}}`), "publish", ok)
	c.exchange(b, post("publish", `{"channel":"orders","event":"e"}`), "publish", ok)
	for _, body := range []string{`{}`, `[]`, `{`, `{"channel":"orders","event":"realtimex:e"}`, `{"channel":"orders","event":"e","nope":1}`,
		`{"channel":"` + strings.Repeat("c", 201) + `","event":"e"}`, `{"channel":1,"event":"e"}`} {
		c.exchange(b, post("publish", body), "publish", bad)
	}
	c.exchange(b, post("trigger", `{"channel":"private-desk","event":"client-e","data":1,"socket_id":"`+socket+`"}`), "trigger", ok)
	c.exchange(b, post("trigger", `{"channel":"orders","event":"client-e"}`), "trigger", bad)
	c.exchange(b, post("trigger", `{"channel":"private-desk","event":"e"}`), "trigger", bad)
	c.exchange(b, post("trigger", `{"channel":"private-desk","event":"client-e","socket_id":"nobody"}`), "trigger", http.StatusConflict)

	c.exchange(b, post("members", `{"channel":"presence-lobby","user_id":"zoe","user_info":{"name":"Zoe"}}`), "addMember", ok)
	c.exchange(b, post("members", `{"channel":"orders","user_id":"zoe"}`), "addMember", bad)
	c.exchange(b, post("members", `{"channel":"presence-lobby","user_id":""}`), "addMember", bad)
	c.exchange(b, get("members?channel=presence-lobby"), "listMembers", ok)
	c.exchange(b, get("members?channel=orders"), "listMembers", bad)
	c.exchange(b, question{method: "DELETE", path: "/api/v1/members?channel=presence-lobby&user_id=zoe"}, "removeMember", ok)
	c.exchange(b, question{method: "DELETE", path: "/api/v1/members?channel=orders&user_id=zoe"}, "removeMember", bad)
	for i := range 1000 {
		b.server.Join("presence-full", auth.Member{ID: fmt.Sprint("user-", i)})
	}
	c.exchange(b, post("members", `{"channel":"presence-full","user_id":"one-more"}`), "addMember", http.StatusConflict)

	c.exchange(b, get("state"), "state", ok)
	c.exchange(b, get("channels/presence-lobby"), "showChannel", ok)
	c.exchange(b, get("channels/nobody%2Fhere"), "showChannel", ok)
	c.exchange(b, get("received?kind=subscribe&channel=orders&event=realtimex:subscribe&limit=1"), "received", ok)
	c.exchange(b, get("received?kind=nope"), "received", bad)
	c.exchange(b, get("received?limit=1001"), "received", bad)

	c.exchange(b, post("wait", `{"condition":"subscribed","channel":"orders","n":1,"timeout_ms":60000}`), "wait", ok)
	c.exchange(b, post("wait", `{"condition":"received","kind":"subscribe","event":"realtimex:subscribe"}`), "wait", ok)
	c.exchange(b, post("wait", `{"condition":"subscribed","channel":"orders","n":2,"timeout_ms":1}`), "wait", http.StatusGatewayTimeout)
	for _, body := range []string{`{"condition":"nope"}`, `{"condition":"subscribed"}`, `{"condition":"connected","timeout_ms":60001}`, `{"condition":"connected","n":-1}`, `{"condition":"received","kind":"nope"}`} {
		c.exchange(b, post("wait", body), "wait", bad)
	}
	c.stream(b)
	end := b.fill(post("wait", `{"condition":"connected","n":99,"timeout_ms":60000}`), 64)
	c.refused(b, post("wait", `{"condition":"connected","n":99,"timeout_ms":1}`), "wait")
	end()
	end = b.fill(get("stream"), 16)
	c.refused(b, get("stream"), "stream")
	end()

	c.exchange(b, post("signatures/check", `{"socket_id":"1.2","channel":"presence-lobby","channel_data":"{}","auth":"k:s"}`), "checkSignature", ok)
	c.exchange(b, post("signatures/check", `{"socket_id":"1.2","channel":"orders","auth":"k:s"}`), "checkSignature", bad)
	c.exchange(b, post("signatures/check", `{"socket_id":"","channel":"private-a","auth":"k:s"}`), "checkSignature", bad)

	for _, name := range []string{"hold_confirmations", "release_confirmations", "lose_next", "refuse_next", "fail_auth", "block_websockets", "slow_link", "stop", "resume", "restart", "clear"} {
		c.exchange(b, post("faults", `{"fault":"`+name+`","n":1,"status":503,"latency_ms":1,"bytes_per_second":1000000}`), "makeFault", ok)
	}
	c.exchange(b, post("faults", `{"fault":"deny","channel":"private-vault","message":"no","code":4003,"n":2}`), "makeFault", ok)
	c.exchange(b, post("faults", `{"fault":"allow","channel":"private-vault"}`), "makeFault", ok)
	c.exchange(b, post("wait", `{"condition":"nope"}`), "wait", bad)
	for _, body := range []string{`{"fault":"nope"}`, `{"fault":"deny"}`, `{"fault":"lose_next","n":10001}`, `{"fault":"refuse_next","status":200}`, `{"fault":"slow_link","latency_ms":60001}`, `{"fault":"slow_link","bytes_per_second":255}`} {
		c.exchange(b, post("faults", body), "makeFault", bad)
	}
	c.exchange(b, post("faults", `{"fault":"drop","socket_id":"nobody"}`), "makeFault", http.StatusConflict)
	b.server.WaitConnections(1)
	for _, name := range []string{"drop", "close", "disconnect", "half_open"} {
		c.exchange(b, post("faults", `{"fault":"`+name+`"}`), "makeFault", ok)
	}
	c.exchange(b, get("faults"), "listFaults", ok)

	c.exchange(b, get("activity?after=0&limit=1000"), "listActivity", ok)
	for _, kind := range []string{"connected", "disconnected", "subscribed", "published", "triggered", "member_added", "member_removed", "authorized", "fault"} {
		if listed := c.exchange(b, get("activity?limit=1&kind="+kind), "listActivity", ok); !strings.Contains(listed, `"kind":"`+kind+`"`) {
			t.Errorf("no activity %s", kind)
		}
	}
	c.exchange(b, get("activity?kind=published&channel=orders"), "listActivity", ok)
	c.exchange(b, get("activity?limit=0"), "listActivity", bad)
	var all struct{ Activity []struct{ Number uint64 } }
	for _, kind := range []string{"published", "triggered", "fault", "connected", "disconnected", "authorized"} {
		if err := json.Unmarshal([]byte(c.exchange(b, get("activity?kind="+kind), "listActivity", ok)), &all); err != nil {
			t.Fatal(err)
		}
		for _, a := range all.Activity {
			c.exchange(b, get(fmt.Sprint("activity/", a.Number)), "showActivity", ok)
		}
	}
	c.exchange(b, get("activity/999999"), "showActivity", http.StatusNotFound)
	c.exchange(b, post("reset", `{"connections":true}`), "reset", ok)
	c.exchange(b, post("reset", `{"connection":true}`), "reset", bad)

	for name, op := range c.operations() {
		if op.RequestBody == nil {
			continue
		}
		method, path, _ := strings.Cut(name, " ")
		q := question{method: method, path: path, body: `{"a":"` + strings.Repeat("x", 1<<20) + `"}`}
		c.exchange(b, q, op.OperationId, http.StatusRequestEntityTooLarge)
		q.body, q.kind = "a=b", "application/x-www-form-urlencoded"
		c.exchange(b, q, op.OperationId, http.StatusUnsupportedMediaType)
	}
	for _, op := range c.operations() {
		for code := range op.Responses.Codes.FromOldest() {
			if !c.seen[op.OperationId+" "+code] {
				t.Errorf("%s is described to answer %s, and was never seen to", op.OperationId, code)
			}
			delete(c.seen, op.OperationId+" "+code)
		}
	}
	for answer := range c.seen {
		t.Errorf("%s was seen, and is not described", answer)
	}
}

// refused asks until the answer is 503: there is no room, once those who take it have come. It is that
// answer that is looked at: another question might find the room that the last one has left.
func (c *contract) refused(b *bed, q question, operation string) {
	c.Helper()
	for range 1000 {
		ctx, cancel := context.WithCancel(c.Context())
		response, err := client.Do(b.request(ctx, q))
		if err != nil {
			c.Fatal(err)
		}
		full := response.StatusCode == http.StatusServiceUnavailable
		if full {
			c.judge(b, q, response, operation, http.StatusServiceUnavailable)
		}
		cancel()
		response.Body.Close()
		if full {
			return
		}
	}
	c.Errorf("%s is never refused", operation)
}

// stream opens the stream, which goes on, and reads its beginning.
func (c *contract) stream(b *bed) {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	response, err := client.Do(b.request(ctx, get("stream")))
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	begin := make([]byte, 3)
	if _, err := io.ReadFull(response.Body, begin); err != nil || string(begin) != "id:" {
		c.Errorf("the stream begins with %q, %v", begin, err)
	}
	described := c.operations()["GET /api/v1/stream"].Responses.Codes.GetOrZero("200")
	if described.Content.GetOrZero(response.Header.Get("Content-Type")) == nil {
		c.Errorf("the stream is %s", response.Header.Get("Content-Type"))
	}
	c.seen[fmt.Sprint("stream ", response.StatusCode)] = true
}

// Each field of a body that is described is known to its handler: what is not known is refused.
func TestContractHasTheFields(t *testing.T) {
	c, b := readContract(t), newBed(t)
	values := map[string]string{"string": `"x"`, "integer": `1`, "boolean": `true`, "": `"x"`}
	fields := 0
	for name, op := range c.operations() {
		if op.RequestBody == nil {
			continue
		}
		method, path, _ := strings.Cut(name, " ")
		schema := op.RequestBody.Content.GetOrZero("application/json").Schema.Schema()
		for field, proxy := range schema.Properties.FromOldest() {
			fields++
			kind := ""
			if types := proxy.Schema().Type; len(types) > 0 {
				kind = types[0]
			}
			answer := b.ask(question{method: method, path: path, body: fmt.Sprintf(`{%q:%s}`, field, values[kind])})
			if strings.Contains(answer, "unknown field") || strings.Contains(answer, "cannot unmarshal") {
				t.Errorf("%s, %s: %s", name, field, answer)
			}
		}
		if answer := b.ask(question{method: method, path: path, body: `{"not_described":1}`}); !strings.Contains(answer, "unknown field") {
			t.Errorf("%s takes a field that is not described: %s", name, answer)
		}
	}
	if fields < 20 {
		t.Errorf("%d fields", fields)
	}
	var listed struct{ Names []string }
	if err := json.Unmarshal([]byte(b.ask(get("faults"))), &listed); err != nil {
		t.Fatal(err)
	}
	var described []string
	for _, node := range c.model.Components.Schemas.GetOrZero("FaultName").Schema().Enum {
		described = append(described, node.Value)
	}
	if !slices.Equal(listed.Names, described) {
		t.Errorf("faults %q, described %q", listed.Names, described)
	}
}

// The parameters in a query that are described are those that the handlers read.
func TestContractHasTheParameters(t *testing.T) {
	described := make(map[string]bool)
	for _, op := range readContract(t).operations() {
		for _, p := range op.Parameters {
			if p.In == "query" {
				described[p.Name] = true
			}
		}
	}
	sources, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	read := make(map[string]bool)
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:Query\(\)|\bq)\.Get\("(\w+)"\)|number\(w, r, "(\w+)"`).FindAllSubmatch(source, -1) {
			read[string(m[1])+string(m[2])] = true
		}
	}
	if !maps.Equal(described, read) || len(read) < 6 {
		t.Errorf("described %v, read %v", described, read)
	}
}

// ask returns the body of an answer, whatever it is.
func (b *bed) ask(q question) string {
	b.Helper()
	response, err := client.Do(b.request(b.Context(), q))
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}
