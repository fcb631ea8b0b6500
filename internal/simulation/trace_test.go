package simulation

import (
	"log/slog"
	"os"
	"time"

	"github.com/realtimex/realtimex-go/rtx"
)

// trace has the client that -trace names log everything, with the times of the bubble.
func trace(name string) rtx.Option {
	if name != *traceFlag {
		return rtx.WithHeader(nil)
	}
	return rtx.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.String("t", time.Now().Format("15:04:05.000000"))
			}
			return a
		},
	})))
}
