package twilio

import (
	"errors"
	"io"
	"slices"
)

// readInto appends all of r to buf: io.ReadAll without a new buffer each time.
func readInto(buf []byte, r io.Reader) ([]byte, error) {
	for {
		buf = slices.Grow(buf, 512)
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
