-- +goose Up
ALTER TABLE recordings ADD COLUMN kind TEXT NOT NULL DEFAULT 'call';
ALTER TABLE recordings ADD COLUMN source TEXT NOT NULL DEFAULT 'bridge';
ALTER TABLE recordings ADD COLUMN carrier_sid TEXT;
ALTER TABLE recordings ADD COLUMN carrier_copy TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN channels INTEGER NOT NULL DEFAULT 2;
ALTER TABLE recordings ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
ALTER TABLE recordings ADD COLUMN ended_ms INTEGER;
ALTER TABLE recordings ADD COLUMN duration_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE recordings ADD COLUMN checksum TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN peaks TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN gaps TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN why TEXT NOT NULL DEFAULT '';
ALTER TABLE recordings ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX idx_recordings_call ON recordings (call_id, created_at);
CREATE INDEX idx_recordings_status ON recordings (status, created_at);
CREATE UNIQUE INDEX idx_recordings_carrier ON recordings (carrier_sid);
CREATE TABLE recording_pieces (
  recording_id TEXT NOT NULL REFERENCES recordings(id) ON DELETE CASCADE,
  epoch INTEGER NOT NULL,
  n INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  len_ms INTEGER NOT NULL,
  file TEXT NOT NULL DEFAULT '',
  key_id TEXT NOT NULL DEFAULT '',
  size INTEGER NOT NULL DEFAULT 0,
  checksum TEXT NOT NULL DEFAULT '',
  gaps TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  PRIMARY KEY (recording_id, epoch, n)
);
CREATE TABLE recording_keys (
  id TEXT PRIMARY KEY,
  sealed TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TABLE audit (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  action TEXT NOT NULL,
  call_id TEXT NOT NULL DEFAULT '',
  subject TEXT NOT NULL DEFAULT '',
  from_ms INTEGER,
  to_ms INTEGER,
  detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX idx_audit_call ON audit (call_id, at);
CREATE INDEX idx_audit_at ON audit (at);
CREATE TABLE settings (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  updated_at INTEGER NOT NULL
);
ALTER TABLE contacts ADD COLUMN recording_consent TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN error TEXT NOT NULL DEFAULT '';
