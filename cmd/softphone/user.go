package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"strings"

	"softphone/internal/adapter/store"
	"softphone/internal/phone/auth"
)

// UserCmd manages users.
type UserCmd struct {
	Create UserCreateCmd `cmd:"" help:"Create a user of a tenant."`
}

// UserCreateCmd creates a user.
type UserCreateCmd struct {
	Config
	Tenant        string `required:"" help:"Slug of the tenant."`
	Email         string `required:"" help:"Address to log in with."`
	Role          string `required:"" enum:"agent,supervisor,admin" help:"agent, supervisor or admin."`
	Name          string `help:"Name people read. Default: the address up to the @."`
	PasswordStdin bool   `help:"Read the password from standard input; without it one is made and printed."`
}

// shortest password that is taken: OWASP's minimum.
const shortest = 8

// Run creates the user and prints the password if it was made here.
func (c *UserCreateCmd) Run(ctx context.Context) error {
	if _, err := mail.ParseAddress(c.Email); err != nil {
		return fmt.Errorf("%q is not an e-mail address", c.Email)
	}
	password, made, err := c.password()
	if err != nil {
		return err
	}
	return withControl(ctx, c.Config, func(s *store.Control) error {
		if err := createUser(ctx, s, c.Tenant, auth.User{Email: c.Email, Name: c.name(), Role: auth.Role(c.Role)}, password); err != nil {
			return err
		}
		fmt.Printf("created %s %s at %s\n", c.Role, c.Email, c.Tenant)
		if made {
			fmt.Printf("password: %s\n", password)
		}
		return nil
	})
}

func (c *UserCreateCmd) name() string {
	if c.Name != "" {
		return c.Name
	}
	name, _, _ := strings.Cut(c.Email, "@")
	return name
}

func (c *UserCreateCmd) password() (password string, made bool, err error) {
	if !c.PasswordStdin {
		return rand.Text(), true, nil
	}
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	line = strings.TrimRight(line, "\r\n")
	if len(line) < shortest {
		return "", false, errors.Join(fmt.Errorf("a password has %d characters or more", shortest), ignoreEnd(err, line))
	}
	return line, false, nil
}

// ignoreEnd: a last line without an end of line is a line.
func ignoreEnd(err error, line string) error {
	if line != "" {
		return nil
	}
	return err
}

// createUser adds a user to a tenant's database and to the list of logins.
func createUser(ctx context.Context, s *store.Control, slug string, u auth.User, password string) error {
	t, err := s.TenantBySlug(ctx, slug)
	if err != nil {
		return fmt.Errorf("tenant %s: %w", slug, err)
	}
	db, err := s.Open(ctx, t.ID)
	if err != nil {
		return err
	}
	if _, err := db.CreateUser(ctx, u, auth.HashPassword(password)); err != nil {
		return err
	}
	return s.AddLogin(ctx, u.Email, t.ID)
}
