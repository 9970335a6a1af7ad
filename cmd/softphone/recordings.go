package main

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"softphone/internal/adapter/shelf"
	"softphone/internal/adapter/store"
	"softphone/internal/adapter/twilio"
	"softphone/internal/phone/recording"
	"softphone/internal/phone/seal"
	"softphone/internal/phone/switchboard"
	"softphone/internal/phone/tenant"
)

// recordings opens the recordings of each tenant: rows in its database, sound in
// its folder or in its part of a bucket, sealed with its keys.
type recordings struct {
	config  Config
	control *store.Control
	ring    *seal.Ring
}

func (r recordings) of(ctx context.Context, tenantID string) (switchboard.Recordings, error) {
	db, err := r.control.Open(ctx, tenantID)
	if err != nil {
		return switchboard.Recordings{}, err
	}
	books := db.Recordings()
	return switchboard.Recordings{
		Archive: &recording.Archive{Books: books, Shelf: r.shelf(tenantID), Envelope: seal.NewEnvelope(r.ring, tenantID), NewID: store.NewID},
		Ledger:  books, Jobs: db.Jobs(),
	}, nil
}

func (r recordings) shelf(tenantID string) recording.Shelf {
	c := r.config
	if c.AudioS3 == "" {
		return shelf.NewDisk(filepath.Join(c.Data, "tenants", tenantID, "audio"))
	}
	return &shelf.S3{
		URL: strings.TrimSuffix(c.AudioS3, "/"), Bucket: c.AudioBucket, Prefix: "tenants/" + tenantID + "/audio/",
		Signer: shelf.Signer{Region: c.AudioRegion, Key: c.AudioKey, Secret: c.AudioSecret},
	}
}

func (r recordings) links() recording.Links {
	return recording.Links{Key: r.ring.Derive("recording links"), Now: time.Now}
}

// recorder is a tenant's account at the carrier as one that records.
func (c *carriers) recorder(t tenant.Tenant, in tenant.Integrations) recording.Carrier {
	account := c.of(t, in).(*twilio.Carrier)
	return &twilio.Recorder{Account: account.Account, Backend: c.backend, Tenant: t.Slug}
}
