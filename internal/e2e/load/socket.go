package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// socket is the client's end of a WebSocket, written out (RFC 6455) so that the
// load costs little beside what it measures.
type socket struct {
	conn net.Conn
	in   *bufio.Reader

	mu  sync.Mutex
	out []byte
}

func dial(address, path string) (*socket, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 2048)}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, address)
	answer, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	defer answer.Body.Close() // it has none: the connection is ours now
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("upgrade: %s", answer.Status)
	}
	return s, nil
}

// write sends a text message that build appends. The masking key is zero, which
// the server cannot know: it pays for it all the same.
func (s *socket) write(build func(dst []byte) []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	const header = 8 // two bytes, a length of 16 bits, the key
	s.out = build(append(s.out[:0], make([]byte, header)...))
	n := len(s.out) - header
	if n < 126 {
		b := s.out[2:]
		b[0], b[1] = 0x81, 0x80|byte(n)
		binary.BigEndian.PutUint32(b[2:], 0)
		_, err := s.conn.Write(b)
		return err
	}
	s.out[0], s.out[1] = 0x81, 0x80|126
	binary.BigEndian.PutUint16(s.out[2:], uint16(n))
	binary.BigEndian.PutUint32(s.out[4:], 0)
	_, err := s.conn.Write(s.out)
	return err
}

// read reads a message into buf. Pings and fragments do not occur here.
func (s *socket) read(buf []byte) ([]byte, error) {
	var h [4]byte
	if _, err := io.ReadFull(s.in, h[:2]); err != nil {
		return nil, err
	}
	n := int(h[1] & 0x7F)
	if n == 126 {
		if _, err := io.ReadFull(s.in, h[2:4]); err != nil {
			return nil, err
		}
		n = int(binary.BigEndian.Uint16(h[2:4]))
	}
	if h[0] != 0x81 || n > len(buf) {
		return nil, fmt.Errorf("frame %#x of %d bytes", h[0], n)
	}
	_, err := io.ReadFull(s.in, buf[:n])
	return buf[:n], err
}

func (s *socket) close() { _ = s.conn.Close() }
