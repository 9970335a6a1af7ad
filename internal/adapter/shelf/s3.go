package shelf

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"softphone/internal/phone/recording"
)

// S3 is a part of a bucket of a store that speaks S3 (Amazon Simple Storage
// Service, API of 2006-03-01): four requests, addressed by path, signed.
type S3 struct {
	URL    string // of the store: https://s3.eu-central-1.amazonaws.com
	Bucket string
	Prefix string // of all names here; ends in a slash, or empty
	Signer Signer
	HTTP   *http.Client // default: one that follows no redirect
}

var _ recording.Shelf = (*S3)(nil)

const (
	requestTime = 30 * time.Second
	answerMost  = 16 << 20 // bytes; a piece has 130 kB
	pagesMost   = 1000     // of a list
)

// plain follows no redirect: a signature is for one host.
var plain = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// Put implements recording.Shelf.
func (s *S3) Put(ctx context.Context, name string, body []byte) error {
	_, err := s.ask(ctx, http.MethodPut, name, nil, body, "")
	if err != nil {
		return fmt.Errorf("keep piece %s: %w", name, err)
	}
	return nil
}

// Get implements recording.Shelf.
func (s *S3) Get(ctx context.Context, name string, from, n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	span := ""
	switch {
	case n > 0:
		span = fmt.Sprintf("bytes=%d-%d", from, from+n-1)
	case from > 0:
		span = fmt.Sprintf("bytes=%d-", from)
	}
	body, err := s.ask(ctx, http.MethodGet, name, nil, nil, span)
	if refused(err, http.StatusRequestedRangeNotSatisfiable) {
		return nil, nil // behind the end there is nothing
	}
	return body, err
}

// Delete implements recording.Shelf.
func (s *S3) Delete(ctx context.Context, name string) error {
	_, err := s.ask(ctx, http.MethodDelete, name, nil, nil, "")
	if errors.Is(err, recording.ErrNotThere) {
		return nil
	}
	return err
}

// listing is the answer of ListObjectsV2.
type listing struct {
	Contents []struct {
		Key string
	}
	IsTruncated           bool
	NextContinuationToken string
}

// List implements recording.Shelf with ListObjectsV2, a thousand names a page.
func (s *S3) List(ctx context.Context, prefix string) ([]string, error) {
	query := url.Values{"list-type": {"2"}, "prefix": {s.Prefix + prefix}}
	var names []string
	for range pagesMost {
		body, err := s.ask(ctx, http.MethodGet, "", query, nil, "")
		if err != nil {
			return nil, fmt.Errorf("list pieces: %w", err)
		}
		var page listing
		if err := xml.Unmarshal(body, &page); err != nil {
			return nil, fmt.Errorf("list pieces: %w", err)
		}
		for _, c := range page.Contents {
			if name, ok := strings.CutPrefix(c.Key, s.Prefix); ok {
				names = append(names, name)
			}
		}
		if !page.IsTruncated || page.NextContinuationToken == "" {
			slices.Sort(names)
			return names, nil
		}
		query.Set("continuation-token", page.NextContinuationToken)
	}
	return nil, errors.New("list pieces: it does not end")
}

// storeError is the store's refusal ("Error responses").
type storeError struct {
	Status  int
	Code    string
	Message string
}

func (e *storeError) Error() string {
	return fmt.Sprintf("store refused: %d %s: %s", e.Status, e.Code, e.Message)
}

func refused(err error, status int) bool {
	var e *storeError
	return errors.As(err, &e) && e.Status == status
}

func (s *S3) ask(ctx context.Context, method, name string, query url.Values, body []byte, span string) ([]byte, error) {
	if query == nil { // of a piece, not of the bucket
		if err := check(name); err != nil {
			return nil, err
		}
		name = s.Prefix + name
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	address := strings.TrimSuffix(s.URL, "/") + "/" + s.Bucket + "/" + name
	if len(query) > 0 {
		address += "?" + canonicalQuery(query)
	}
	r, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if span != "" {
		r.Header.Set("Range", span)
	}
	s.Signer.Sign(r, body, time.Now())
	client := s.HTTP
	if client == nil {
		client = plain
	}
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return read(answer, name)
}

func read(answer *http.Response, name string) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(answer.Body, answerMost+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the store's answer: %w", err)
	case len(body) > answerMost:
		return nil, errors.New("the store's answer is too long")
	case answer.StatusCode/100 == 2:
		return body, whole(answer, body)
	}
	refusal := &storeError{Status: answer.StatusCode}
	_ = xml.Unmarshal(body, refusal) // a proxy in between speaks no XML
	refusal.Status = answer.StatusCode
	switch refusal.Code {
	case "NoSuchKey":
		return nil, fmt.Errorf("%s: %w", name, recording.ErrNotThere)
	case "XMinioStorageFull", "QuotaExceeded": // MinIO; Ceph and others
		return nil, fmt.Errorf("%w: %w", recording.ErrFull, refusal)
	}
	if answer.StatusCode == http.StatusInsufficientStorage {
		return nil, fmt.Errorf("%w: %w", recording.ErrFull, refusal)
	}
	return nil, refusal
}

// whole refuses an answer that was cut off.
func whole(answer *http.Response, body []byte) error {
	length := answer.Header.Get("Content-Length")
	if n, err := strconv.Atoi(length); length != "" && (err != nil || n != len(body)) {
		return fmt.Errorf("the store promised %s bytes and sent %d", length, len(body))
	}
	return nil
}
