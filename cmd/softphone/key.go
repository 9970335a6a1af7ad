package main

import (
	"fmt"

	"softphone/internal/phone/seal"
)

// KeyCmd makes keys.
type KeyCmd struct {
	New KeyNewCmd `cmd:"" help:"Print a new ENCRYPTION_KEY."`
}

// KeyNewCmd prints a key.
type KeyNewCmd struct{}

// Run prints 32 random bytes in hex.
func (KeyNewCmd) Run() error {
	fmt.Println(seal.NewKey())
	return nil
}
