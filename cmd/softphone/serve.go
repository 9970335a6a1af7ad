package main

import (
	"context"
	"fmt"
	"os"
)

// ServeCmd runs the server.
type ServeCmd struct{ Config }

// Run serves until a stop signal.
func (c *ServeCmd) Run(ctx context.Context) error {
	if err := c.Settle(); err != nil {
		return err
	}
	s, err := newServer(ctx, c.Config, c.logger())
	if err != nil {
		return err
	}
	defer s.close()
	return s.run(ctx, func() error { return s.firstSteps(ctx) })
}

// firstSteps tells a new operator what to type next.
func (s *server) firstSteps(ctx context.Context) error {
	tenants, err := s.control.Tenants(ctx)
	if err != nil || len(tenants) > 0 {
		return err
	}
	fmt.Fprint(os.Stderr, `
There is no tenant yet. In another shell, with the same settings:

  softphone tenant create --slug acme --name "Acme"
  softphone user create --tenant acme --email you@example.com --role admin

then log in at `+s.config.BackendURL+` and enter the Twilio and OpenAI keys under Settings.
`)
	return nil
}
