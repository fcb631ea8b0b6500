package frameworks

import (
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

// Echo is the backend on echo, with its own middleware against CSRF, which asks programs for a
// token, and its own limit, whose 429 has no Retry-After: the client backs off by itself. GET
// /login gives the token, as a cookie.
func Echo(a *App) http.Handler {
	e := echo.New()
	e.Use(middleware.CSRFWithConfig(middleware.CSRFConfig{
		TrustedOrigins: []string{a.origin},
		CookiePath:     "/",
		CookieSecure:   true,
		CookieSameSite: http.SameSiteLaxMode,
	}))
	limited := middleware.RateLimiterWithConfig(middleware.RateLimiterConfig{
		Store: middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
			Rate: limit / window.Seconds(), Burst: limit,
		}),
		IdentifierExtractor: func(c *echo.Context) (string, error) { return a.caller(c.Request()), nil },
	})
	e.GET("/login", func(c *echo.Context) error { return c.NoContent(http.StatusNoContent) })
	e.POST("/login", echo.WrapHandler(http.HandlerFunc(a.login)))
	e.POST("/logout", echo.WrapHandler(http.HandlerFunc(a.logout)))
	e.Any("/auth", echo.WrapHandler(a.auth), limited) // Any, for the preflight of a browser
	return a.sessions.LoadAndSave(e)
}
