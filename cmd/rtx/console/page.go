package console

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed web
var web embed.FS

// page serves the files of the page. They are the same for everybody and hold no secret.
func page() http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the name of an embedded folder is right or never was
	}
	serve := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "the page takes GET only")
			return
		}
		// The file server's own answer to what is not there lacks the headers that every answer has.
		if _, err := fs.Stat(files, strings.TrimPrefix(r.URL.Path, "/")); err != nil && r.URL.Path != "/" {
			fail(w, http.StatusNotFound, "not_found", "no such file")
			return
		}
		serve.ServeHTTP(w, r)
	})
}
