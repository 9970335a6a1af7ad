package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// Config is everything an operator may set, as a flag, as an environment
// variable or in a JSON file given with --config. docs/configuration.md is
// generated from these tags.
type Config struct {
	Listen        string        `help:"Address of the one port: pages, API, webhooks, sockets." default:"127.0.0.1:3000" env:"LISTEN"`
	Data          string        `help:"Folder of databases and audio. It is created." default:"data" env:"DATA_DIR" type:"path"`
	BackendURL    string        `help:"Public origin of this server. Every callback address and every signature derives from it. Default: http:// and the listening address." env:"BACKEND_URL" placeholder:"https://phone.example.com"`
	MediaURL      string        `help:"Public origin for Twilio's media sockets, wss. Default: BACKEND_URL with ws(s)." env:"MEDIA_URL" placeholder:"wss://phone.example.com"`
	EncryptionKey string        `help:"32 bytes in hex: seals stored credentials and signs tokens. Make one with 'softphone key new'." env:"ENCRYPTION_KEY" placeholder:"HEX"`
	OldKeys       []string      `help:"Earlier encryption keys, still accepted for reading." env:"ENCRYPTION_KEYS_OLD" placeholder:"HEX"`
	MySQL         string        `help:"DSN of a MySQL or MariaDB server that holds the databases instead of SQLite files." env:"MYSQL_DSN" placeholder:"user:password@tcp(host:3306)/"`
	TwilioBaseURL string        `help:"Twilio's API for tenants that set none." default:"https://api.twilio.com" env:"TWILIO_BASE_URL"`
	OpenAIBaseURL string        `help:"OpenAI's API for tenants that set none, ending in /v1." default:"https://api.openai.com/v1" env:"OPENAI_BASE_URL" name:"openai-base-url"`
	AllowBaseURL  []string      `help:"Further base URLs that tenants may set." env:"ALLOW_BASE_URLS" placeholder:"URL"`
	Origins       []string      `help:"Other web origins that may call the API and the socket." env:"ALLOWED_ORIGINS" placeholder:"URL"`
	MediaListen   string        `help:"UDP address of the browsers' sound. Default: the port of --listen; on all addresses when --listen is of this machine only and BACKEND_URL is not." env:"MEDIA_LISTEN" placeholder:"0.0.0.0:3000"`
	MediaTCP      string        `help:"TCP address of the sound of browsers whose network blocks UDP, best port 443 of an address of its own. Default: none." env:"MEDIA_LISTEN_TCP" placeholder:"0.0.0.0:3478" name:"media-listen-tcp"`
	PublicIP      []string      `help:"Public addresses of a server behind NAT, offered to browsers for sound." env:"PUBLIC_IPS" placeholder:"IP" name:"public-ip"`
	AudioS3       string        `help:"Store that speaks S3 for recordings, instead of the data folder." env:"AUDIO_S3_URL" placeholder:"https://s3.eu-central-1.amazonaws.com" name:"audio-s3-url"`
	AudioBucket   string        `help:"Bucket of that store. It must exist." env:"AUDIO_S3_BUCKET" name:"audio-s3-bucket"`
	AudioRegion   string        `help:"Region of that store." default:"us-east-1" env:"AUDIO_S3_REGION" name:"audio-s3-region"`
	AudioKey      string        `help:"Access key of that store." env:"AUDIO_S3_KEY" name:"audio-s3-key"`
	AudioSecret   string        `help:"Secret of the access key." env:"AUDIO_S3_SECRET" name:"audio-s3-secret"`
	Drain         time.Duration `help:"How long the first stop signal lets live calls finish." default:"1h" env:"DRAIN"`
	LogLevel      string        `help:"debug, info, warn or error. Phone numbers appear at debug only." default:"info" enum:"debug,info,warn,error" env:"LOG_LEVEL"`
	LogFormat     string        `help:"text or json." default:"text" enum:"text,json" env:"LOG_FORMAT"`
}

// Settle fills what derives from other settings and refuses what cannot work.
func (c *Config) Settle() error {
	if c.BackendURL == "" {
		c.BackendURL = "http://" + c.Listen
	}
	c.BackendURL = strings.TrimRight(c.BackendURL, "/")
	u, err := url.Parse(c.BackendURL)
	if err != nil || u.Host == "" || u.Path != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("BACKEND_URL %q is not an origin such as https://phone.example.com", c.BackendURL)
	}
	if c.MediaURL == "" {
		c.MediaURL = "ws" + strings.TrimPrefix(c.BackendURL, "http")
	}
	if c.MediaListen == "" {
		c.MediaListen = c.mediaListen(u)
	}
	if c.AudioS3 != "" && (c.AudioBucket == "" || c.AudioKey == "" || c.AudioSecret == "") {
		return errors.New("AUDIO_S3_URL needs AUDIO_S3_BUCKET, AUDIO_S3_KEY and AUDIO_S3_SECRET")
	}
	return c.keys()
}

// mediaListen is on this machine only when the pages are: a proxy in front of the
// TCP port passes no UDP.
func (c *Config) mediaListen(public *url.URL) string {
	host, port, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(public.Hostname()); err != nil || public.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return c.Listen
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return "0.0.0.0:" + port
	}
	return c.Listen
}

func (c *Config) keys() error {
	if c.EncryptionKey == "" {
		return errors.New("ENCRYPTION_KEY is not set; make one with 'softphone key new' and keep it: without it stored credentials cannot be read")
	}
	for _, k := range append([]string{c.EncryptionKey}, c.OldKeys...) {
		if b, err := hex.DecodeString(k); err != nil || len(b) != 32 {
			return errors.New("ENCRYPTION_KEY must be 32 bytes in hex (64 characters)")
		}
	}
	return nil
}
