package shelf

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Signer signs requests to a store (AWS "Signature Version 4 signing process").
type Signer struct {
	Region string // us-east-1 where the store has none
	Key    string
	Secret string
}

// String keeps the secret out of logs.
func (s Signer) String() string { return s.Key }

// GoString keeps the secret out of logs.
func (s Signer) GoString() string { return s.Key }

const (
	algorithm = "AWS4-HMAC-SHA256"
	longDate  = "20060102T150405Z"
	shortDate = "20060102"
)

// Sign adds date, hash of the body and signature. What is signed is method, path,
// query, Host, Range and every X-Amz header.
func (s Signer) Sign(r *http.Request, body []byte, now time.Time) {
	now = now.UTC()
	r.Header.Set("X-Amz-Date", now.Format(longDate))
	r.Header.Set("X-Amz-Content-Sha256", hash(body))
	names, headers := canonicalHeaders(r)
	request := strings.Join([]string{
		r.Method, canonicalPath(r.URL.Path), canonicalQuery(r.URL.Query()), headers, names, hash(body),
	}, "\n")
	scope := now.Format(shortDate) + "/" + s.Region + "/s3/aws4_request"
	text := strings.Join([]string{algorithm, now.Format(longDate), scope, hash([]byte(request))}, "\n")
	key := mac([]byte("AWS4"+s.Secret), now.Format(shortDate))
	for _, part := range []string{s.Region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", fmt.Sprintf("%s Credential=%s/%s,SignedHeaders=%s,Signature=%s", algorithm, s.Key, scope, names, hex.EncodeToString(mac(key, text))))
}

// canonicalHeaders lists what is signed, by name in lower case.
func canonicalHeaders(r *http.Request) (names, headers string) {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	values := map[string]string{"host": host}
	for name, v := range r.Header {
		if name = strings.ToLower(name); name == "range" || strings.HasPrefix(name, "x-amz-") {
			values[name] = strings.TrimSpace(strings.Join(v, ","))
		}
	}
	var list []string
	for name := range values {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, name := range list {
		headers += name + ":" + values[name] + "\n"
	}
	return strings.Join(list, ";"), headers
}

// canonicalPath encodes each part once: S3 is the service that does not encode
// twice.
func canonicalPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = encode(p)
	}
	return strings.Join(parts, "/")
}

func canonicalQuery(q url.Values) string {
	var pairs []string
	for name, values := range q {
		for _, v := range values {
			pairs = append(pairs, encode(name)+"="+encode(v))
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encode is RFC 3986: everything but the unreserved, in upper case, a space too.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
