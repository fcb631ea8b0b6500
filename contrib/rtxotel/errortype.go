package rtxotel

import (
	"context"
	"errors"

	"github.com/realtimex/realtimex-go/rtx"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// typePanic is the error.type of a handler that panicked.
const typePanic = "panic"

// sentinels are the errors that are told apart by identity, the most telling first.
var sentinels = []struct {
	err  error
	name string
}{
	{context.DeadlineExceeded, "context.DeadlineExceeded"},
	{context.Canceled, "context.Canceled"},
	{rtx.ErrAuthRequired, "rtx.ErrAuthRequired"},
	{rtx.ErrSubscribeTimeout, "rtx.ErrSubscribeTimeout"},
	{rtx.ErrTooLarge, "rtx.ErrTooLarge"},
	{rtx.ErrEventName, "rtx.ErrEventName"},
	{rtx.ErrChannelName, "rtx.ErrChannelName"},
	{rtx.ErrPublicChannel, "rtx.ErrPublicChannel"},
	{rtx.ErrNotSubscribed, "rtx.ErrNotSubscribed"},
	{rtx.ErrUnsubscribed, "rtx.ErrUnsubscribed"},
	{rtx.ErrNotConnected, "rtx.ErrNotConnected"},
	{rtx.ErrOverflow, "rtx.ErrOverflow"},
	{rtx.ErrClosed, "rtx.ErrClosed"},
}

// errorTypeOf returns error.type for an error that is not nil.
func (c *config) errorTypeOf(err error) attribute.KeyValue {
	if c.errorType != nil {
		if s := c.errorType(err); s != "" {
			return semconv.ErrorTypeKey.String(s)
		}
	}
	if named, ok := errors.AsType[interface {
		error
		ErrorType() string
	}](err); ok && named.ErrorType() != "" {
		return semconv.ErrorType(named)
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return semconv.ErrorTypeKey.String(s.name)
		}
	}
	return semconv.ErrorType(err)
}

// fail tells a span of an error. err is nil for a panic.
func (c *config) fail(span trace.Span, kind attribute.KeyValue, err error) {
	if !span.IsRecording() {
		return
	}
	text := ""
	if err != nil && c.errorText != nil {
		text = c.errorText(err)
	}
	span.SetAttributes(kind)
	span.SetStatus(codes.Error, text)
}
