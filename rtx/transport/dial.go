package transport

import (
	"context"
	"errors"
)

// NewDialer checks the configuration; it does no I/O. The error names the field
// that is wrong.
func NewDialer(c Config) (Dialer, error) {
	c, err := c.validate()
	if err != nil {
		return nil, err
	}
	return &dialer{config: c}, nil
}

type dialer struct{ config Config }

func (d *dialer) Dial(ctx context.Context, r Resume) (Session, error) {
	return nil, errors.New("not yet")
}
