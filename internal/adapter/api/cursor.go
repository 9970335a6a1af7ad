package api

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"softphone/internal/phone/tenant"
)

// formatCursor says after which item a page of a list by time begins: its time,
// exact to the millisecond, and its id or number. Clients take it as it is.
func formatCursor(at time.Time, id string) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d.%s", at.UnixMilli(), id))
}

// parseCursor reads it again; no cursor is the beginning: no time and no id.
func parseCursor(s string) (at time.Time, id string, err error) {
	if s == "" {
		return time.Time{}, "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return time.Time{}, "", err
	}
	ms, id, ok := strings.Cut(string(raw), ".")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil || !ok || !tenant.IsID(strings.TrimPrefix(id, "+")) {
		return time.Time{}, "", fmt.Errorf("cursor %q", s)
	}
	return time.UnixMilli(n), id, nil
}
