//go:build race

package sound_test

const raced = true
