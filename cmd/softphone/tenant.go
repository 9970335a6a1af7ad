package main

import (
	"context"
	"fmt"
	"os"

	"softphone/internal/adapter/store"
)

// TenantCmd manages tenants.
type TenantCmd struct {
	Create TenantCreateCmd `cmd:"" help:"Create a tenant and its database."`
	List   TenantListCmd   `cmd:"" help:"List tenants."`
}

// TenantCreateCmd creates a tenant.
type TenantCreateCmd struct {
	Config
	Slug   string `required:"" help:"Short name: lower-case letters, digits, hyphens."`
	Name   string `required:"" help:"Name people read."`
	Domain string `help:"Host name that is this tenant's own."`
}

// Run creates the tenant.
func (c *TenantCreateCmd) Run(ctx context.Context) error {
	return withControl(ctx, c.Config, func(s *store.Control) error {
		t, err := s.CreateTenant(ctx, c.Slug, c.Name, c.Domain)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stdout, "created tenant %s (%s)\n", t.Slug, t.ID)
		return nil
	})
}

// TenantListCmd lists tenants.
type TenantListCmd struct{ Config }

// Run prints a line for each tenant.
func (c *TenantListCmd) Run(ctx context.Context) error {
	return withControl(ctx, c.Config, func(s *store.Control) error {
		tenants, err := s.Tenants(ctx)
		for _, t := range tenants {
			fmt.Printf("%s\t%s\n", t.Slug, t.Name)
		}
		return err
	})
}

// MigrateCmd brings databases up to date.
type MigrateCmd struct{ Config }

// Run migrates every tenant and names it.
func (c *MigrateCmd) Run(ctx context.Context) error {
	return withControl(ctx, c.Config, func(s *store.Control) error {
		slugs, err := s.MigrateAll(ctx)
		for _, slug := range slugs {
			fmt.Println(slug, "is up to date")
		}
		return err
	})
}

// withControl opens the databases for one command.
func withControl(ctx context.Context, c Config, do func(*store.Control) error) error {
	if err := c.Settle(); err != nil {
		return err
	}
	s, _, err := openControl(ctx, c, c.logger())
	if err != nil {
		return err
	}
	defer s.Close()
	return do(s)
}
