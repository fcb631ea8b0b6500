package frameworks

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// Gin is the backend on gin. The session wraps the engine, because it works on the request and not
// on gin's context. A session that is in gin's context has to be put in that of the request, for
// allow: c.Request = c.Request.WithContext(…).
func Gin(a *App) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.Use(func(c *gin.Context) {
		if err := a.csrf.Check(c.Request); err != nil {
			c.AbortWithStatusJSON(http.StatusForbidden, gin.H{"error": "pages of other origins are not allowed"})
		}
	})
	limited := func(c *gin.Context) {
		if delay := a.limits.wait(a.caller(c.Request)); delay > 0 {
			c.Header("Retry-After", seconds(delay))
			c.AbortWithStatusJSON(http.StatusTooManyRequests, gin.H{"error": "too many requests"})
		}
	}
	e.POST("/login", gin.WrapF(a.login))
	e.POST("/logout", gin.WrapF(a.logout))
	e.Any("/auth", limited, gin.WrapH(a.auth)) // Any, for the preflight of a browser
	return a.sessions.LoadAndSave(e)
}
