package console

import (
	_ "embed"
	"net/http"
)

// description is the API as OpenAPI 3.1. A test holds the routes and their answers against it.
//
//go:embed openapi.yaml
var description []byte

type route struct {
	method, path string
	handle       http.HandlerFunc
}

// routes is the API.
func (c *Console) routes() []route {
	return []route{
		{"GET", "/api/v1/openapi.yaml", describe},
		{"GET", "/api/v1/state", c.showState},
		{"GET", "/api/v1/stream", c.stream},
		{"GET", "/api/v1/activity", c.listActivity},
		{"GET", "/api/v1/activity/{number}", c.showActivity},
		{"GET", "/api/v1/channels/{channel}", c.showChannel},
		{"POST", "/api/v1/publish", c.publish},
		{"POST", "/api/v1/trigger", c.trigger},
		{"GET", "/api/v1/members", c.listMembers},
		{"POST", "/api/v1/members", c.addMember},
		{"DELETE", "/api/v1/members", c.removeMember},
		{"GET", "/api/v1/received", c.received},
		{"POST", "/api/v1/wait", c.wait},
		{"GET", "/api/v1/faults", c.listFaults},
		{"POST", "/api/v1/faults", c.makeFault},
		{"POST", "/api/v1/signatures/check", c.checkSignature},
		{"POST", "/api/v1/reset", c.reset},
	}
}

func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(description) // who has gone needs no answer
}
