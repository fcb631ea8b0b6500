package interop_test

// What there is to see in a browser, with the official SDK: nothing but the console. The row is
// played in interop/browser, whose module has what drives a browser; that test holds what it sees
// against the table in docs/auth.md, which is written from here.
var inBrowser = []refusal{
	{
		cause: "CORS: a page of another origin than the backend's, in a browser",
		err:   []string{"TypeError", "Failed to fetch"},
		state: "the SDK goes on without the channel",
		log:   "Access to fetch at 'http://BACKEND/' from origin 'http://SERVICE' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
		audit: "cross-origin: pages of this origin are not allowed",
		todo:  "`auth.WithAllowedOrigins`, and a route that takes OPTIONS",
	},
}
