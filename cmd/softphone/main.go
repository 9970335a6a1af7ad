// Command softphone is the whole product: the server, the demo with simulated
// Twilio and OpenAI, and the commands an operator needs. One file per command.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the release build.
var version = "0.1.0-dev"

// CLI is the command line.
type CLI struct {
	File kong.ConfigFlag `name:"config" help:"JSON file with the settings below; environment and flags win over it." placeholder:"FILE"`

	Serve   ServeCmd   `cmd:"" help:"Run the server."`
	Demo    DemoCmd    `cmd:"" help:"Run everything on one port with simulated Twilio and OpenAI, two tenants and their people."`
	Tenant  TenantCmd  `cmd:"" help:"Create and list tenants."`
	User    UserCmd    `cmd:"" help:"Create users."`
	Sim     SimCmd     `cmd:"" help:"Run a simulator by itself."`
	Key     KeyCmd     `cmd:"" help:"Make an encryption key."`
	Migrate MigrateCmd `cmd:"" help:"Bring every database up to date."`
	Docs    DocsCmd    `cmd:"" hidden:"" help:"Write the generated pages of docs/."`
}

func main() {
	var cli CLI
	k := kong.Parse(&cli,
		kong.Name("softphone"),
		kong.Description("A telephone desk in one program."),
		kong.UsageOnError(),
		kong.Configuration(kong.JSON),
		kong.Vars{"version": version},
	)
	k.BindTo(untilSignal(), (*context.Context)(nil))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "softphone:", err)
		os.Exit(1)
	}
}

// untilSignal returns a context that the first stop signal ends. The second
// signal ends the program at once: by then signals do what they always do, so
// nothing that is seen to stop can swallow it.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan os.Signal, 1)
	signal.Notify(first, os.Interrupt, syscall.SIGTERM)
	go func() { // ends with the program
		<-first
		signal.Stop(first)
		cancel()
	}()
	return ctx
}
