package shelf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rclone/gofakes3"
	"github.com/rclone/gofakes3/s3mem"

	"softphone/internal/adapter/shelf"
	"softphone/internal/phone/recording"
)

const key, secret, bucket = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "audio"

// s3Server is a store that checks signatures: a server that others keep and use
// to serve real clients.
func s3Server(t *testing.T) *httptest.Server {
	t.Helper()
	backend := s3mem.New()
	s := httptest.NewServer(gofakes3.New(backend, gofakes3.WithV4Auth(map[string]string{key: secret}), gofakes3.WithTimeSkewLimit(15*time.Minute)).Server())
	t.Cleanup(s.Close)
	if err := backend.CreateBucket(t.Context(), bucket); err != nil {
		t.Fatal(err)
	}
	return s
}

func onS3(s *httptest.Server, prefix string) *shelf.S3 {
	return &shelf.S3{URL: s.URL, Bucket: bucket, Prefix: prefix, Signer: shelf.Signer{Region: "eu-central-1", Key: key, Secret: secret}, HTTP: s.Client()}
}

// on runs a test on every kind of shelf.
func on(t *testing.T, f func(t *testing.T, s recording.Shelf)) {
	t.Helper()
	t.Run("disk", func(t *testing.T) { f(t, shelf.NewDisk(filepath.Join(t.TempDir(), "audio"))) })
	t.Run("s3", func(t *testing.T) { f(t, onS3(s3Server(t), "tenants/t1/audio/")) })
}

func TestAShelfGivesBackWhatWasPut(t *testing.T) {
	on(t, func(t *testing.T, s recording.Shelf) {
		ctx := t.Context()
		body := bytes.Repeat([]byte("0123456789"), 13_000)
		if names, err := s.List(ctx, ""); err != nil || len(names) != 0 {
			t.Errorf("an empty shelf lists %v, %v", names, err)
		}
		for _, name := range []string{"r1/0001-000001-0-400.k1", "r1/0001-000002-400-400.k1", "r10/0001-000001-0-400.k1"} {
			if err := s.Put(ctx, name, body); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct{ from, n, to int64 }{{0, -1, 130_000}, {0, 10, 10}, {5, 100, 105}, {129_995, -1, 130_000}, {129_995, 100, 130_000}, {130_000, 5, 130_000}, {7, 0, 7}} {
			got, err := s.Get(ctx, "r1/0001-000001-0-400.k1", c.from, c.n)
			if err != nil || !bytes.Equal(got, body[c.from:c.to]) {
				t.Errorf("%d bytes from %d: %d bytes, %v; want %d", c.n, c.from, len(got), err, c.to-c.from)
			}
		}
		if _, err := s.Get(ctx, "r1/nothing", 0, -1); !errors.Is(err, recording.ErrNotThere) {
			t.Errorf("what is not there: %v, want ErrNotThere", err)
		}
		if err := s.Put(ctx, "r1/0001-000001-0-400.k1", []byte("again")); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(ctx, "r1/0001-000001-0-400.k1", 0, -1); err != nil || string(got) != "again" {
			t.Errorf("put twice: %q, %v", got, err)
		}
		names, err := s.List(ctx, "r1/")
		if d := cmp.Diff(names, []string{"r1/0001-000001-0-400.k1", "r1/0001-000002-400-400.k1"}); d != "" || err != nil {
			t.Error(err, d)
		}
		for range 2 { // the second time there is nothing to delete
			for _, name := range names {
				if err := s.Delete(ctx, name); err != nil {
					t.Error(err)
				}
			}
		}
		if names, err = s.List(ctx, ""); err != nil || len(names) != 1 {
			t.Errorf("left are %v, %v", names, err)
		}
	})
}

func TestNamesThatCouldLeaveTheShelfAreRefused(t *testing.T) {
	on(t, func(t *testing.T, s recording.Shelf) {
		for _, name := range []string{"", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", ".", "a b", "a\x00b", "ä", "a?b", "a%2fb"} {
			if s.Put(t.Context(), name, []byte("x")) == nil {
				t.Errorf("%q was put", name)
			}
			if _, err := s.Get(t.Context(), name, 0, -1); err == nil || errors.Is(err, recording.ErrNotThere) {
				t.Errorf("%q was looked for: %v", name, err)
			}
		}
	})
}

func TestTenantsDoNotSeeEachOther(t *testing.T) {
	server := s3Server(t)
	one, two := onS3(server, "tenants/one/audio/"), onS3(server, "tenants/two/audio/")
	if err := one.Put(t.Context(), "r1/p", []byte("sound")); err != nil {
		t.Fatal(err)
	}
	if names, err := two.List(t.Context(), ""); err != nil || len(names) != 0 {
		t.Errorf("another tenant lists %v, %v", names, err)
	}
	if _, err := two.Get(t.Context(), "r1/p", 0, -1); !errors.Is(err, recording.ErrNotThere) {
		t.Errorf("another tenant reads: %v", err)
	}
}

func TestAListOfMoreThanAPageIsWhole(t *testing.T) {
	s := onS3(s3Server(t), "x/")
	var want []string
	var all sync.WaitGroup
	for i := range 1100 {
		name := fmt.Sprintf("r1/%04d", i)
		want = append(want, name)
		if i%100 == 0 {
			all.Wait()
		}
		all.Go(func() {
			if err := s.Put(t.Context(), name, []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := s.List(t.Context(), "r1/")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d names, %v; want %d", len(got), err, len(want))
	}
}

func TestAStrangerIsRefusedByTheStore(t *testing.T) {
	s := onS3(s3Server(t), "")
	s.Signer.Secret = "wrong"
	for what, err := range map[string]error{
		"put": s.Put(t.Context(), "p", []byte("x")), "delete": s.Delete(t.Context(), "p"),
		"get":  func() error { _, err := s.Get(t.Context(), "p", 0, -1); return err }(),
		"list": func() error { _, err := s.List(t.Context(), ""); return err }(),
	} {
		if err == nil || errors.Is(err, recording.ErrNotThere) {
			t.Errorf("%s with a wrong secret: %v", what, err)
		}
	}
	if got := fmt.Sprintf("%v %+v %#v", s.Signer, s.Signer, s.Signer); strings.Contains(got, "wrong") {
		t.Errorf("the secret is printed: %s", got)
	}
}

// What a store may answer that is no success.
func TestTheStoresTroubleIsToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"full":        {507, "", recording.ErrFull},
		"full, MinIO": {507, "<Error><Code>XMinioStorageFull</Code></Error>", recording.ErrFull},
		"no key":      {404, "<Error><Code>NoSuchKey</Code></Error>", recording.ErrNotThere},
		"no bucket":   {404, "<Error><Code>NoSuchBucket</Code></Error>", nil},
		"proxy":       {502, "<html>bad gateway", nil},
		"elsewhere":   {307, "", nil},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/other")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}))
		s := onS3(server, "")
		s.HTTP = nil
		_, err := s.Get(t.Context(), "p", 0, -1)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && (errors.Is(err, recording.ErrFull) || errors.Is(err, recording.ErrNotThere)) {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
}

func TestSignatureOfTheDocument(t *testing.T) {
	// Amazon S3 API reference, "Signature calculations: transferring a payload in a
	// single chunk", examples GET Object and GET Bucket (list objects).
	s := shelf.Signer{Region: "us-east-1", Key: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	at := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	for address, want := range map[string]string{
		"https://examplebucket.s3.amazonaws.com/test.txt":             "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		"https://examplebucket.s3.amazonaws.com/?max-keys=2&prefix=J": "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
	} {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(address, ".txt") {
			r.Header.Set("Range", "bytes=0-9")
		}
		s.Sign(r, nil, at)
		if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+want) {
			t.Errorf("%s: %s, want signature %s", address, got, want)
		}
	}
}

func TestACrashLeavesNoHalfPiece(t *testing.T) {
	dir := t.TempDir()
	s := shelf.NewDisk(dir)
	if err := s.Put(t.Context(), "r1/p1", []byte("whole")); err != nil {
		t.Fatal(err)
	}
	// What a process that died in the middle leaves.
	if err := os.WriteFile(filepath.Join(dir, "r1", ".new-123"), []byte("hal"), 0o600); err != nil {
		t.Fatal(err)
	}
	if names, err := s.List(t.Context(), "r1/"); err != nil || len(names) != 1 {
		t.Errorf("lists %v, %v", names, err)
	}
}
