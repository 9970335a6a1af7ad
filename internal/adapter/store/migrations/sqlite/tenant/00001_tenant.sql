-- +goose Up
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  capacity INTEGER NOT NULL DEFAULT 1,
  load_now INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL
);
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES users(id) ON DELETE CASCADE,
  refresh_hash TEXT NOT NULL UNIQUE,
  expires_at INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE contacts (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  company TEXT NOT NULL DEFAULT '',
  phone TEXT NOT NULL DEFAULT '',
  email TEXT NOT NULL DEFAULT '',
  notes TEXT NOT NULL DEFAULT ''
);
CREATE INDEX idx_contacts_phone ON contacts (phone);
CREATE TABLE calls (
  id TEXT PRIMARY KEY,
  call_sid TEXT UNIQUE,
  direction TEXT NOT NULL,
  from_number TEXT NOT NULL,
  to_number TEXT NOT NULL,
  status TEXT NOT NULL,
  duration_seconds INTEGER,
  recording_url TEXT,
  ai_transcript TEXT,
  ai_summary TEXT,
  ai_insights TEXT,
  user_id TEXT REFERENCES users(id) ON DELETE SET NULL,
  contact_id TEXT,
  verdict_by TEXT NOT NULL DEFAULT '',
  verdict_reason TEXT NOT NULL DEFAULT '',
  verdict_detail TEXT NOT NULL DEFAULT '',
  epoch INTEGER NOT NULL DEFAULT 1,
  started_at INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE INDEX idx_calls_user ON calls (user_id, started_at, id);
CREATE INDEX idx_calls_status ON calls (status);
CREATE INDEX idx_calls_direction ON calls (direction);
CREATE INDEX idx_calls_created_user ON calls (created_at, user_id);
CREATE INDEX idx_calls_started ON calls (started_at, id);
CREATE TABLE legs (
  id TEXT PRIMARY KEY,
  call_id TEXT NOT NULL REFERENCES calls(id) ON DELETE CASCADE,
  role TEXT NOT NULL,
  phase TEXT NOT NULL,
  carrier_sid TEXT UNIQUE,
  address TEXT NOT NULL DEFAULT '',
  stream_hash TEXT,
  stream_expires INTEGER,
  dialled_at INTEGER,
  answered_at INTEGER,
  ended_at INTEGER,
  cause TEXT NOT NULL DEFAULT ''
);
CREATE INDEX idx_legs_call ON legs (call_id);
CREATE TABLE segments (
  id TEXT PRIMARY KEY,
  call_id TEXT NOT NULL REFERENCES calls(id) ON DELETE CASCADE,
  speaker TEXT NOT NULL,
  body TEXT NOT NULL,
  start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  gap TEXT NOT NULL DEFAULT ''
);
CREATE INDEX idx_segments_call ON segments (call_id, start_ms);
CREATE TABLE events (
  stream TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  call_id TEXT NOT NULL DEFAULT '',
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (stream, epoch, seq)
);
CREATE INDEX idx_events_call ON events (call_id, kind);
CREATE TABLE inbox (
  id TEXT PRIMARY KEY,
  dedupe TEXT NOT NULL UNIQUE,
  leg_id TEXT NOT NULL,
  body TEXT NOT NULL,
  raw TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  folded_at INTEGER
);
CREATE INDEX idx_inbox_leg ON inbox (leg_id, folded_at);
CREATE TABLE jobs (
  kind TEXT NOT NULL,
  job_key TEXT NOT NULL,
  body TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  lease_until INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  dead INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, job_key)
);
CREATE INDEX idx_jobs_due ON jobs (dead, due_at);
CREATE TABLE recordings (
  id TEXT PRIMARY KEY,
  call_id TEXT NOT NULL REFERENCES calls(id) ON DELETE CASCADE,
  status TEXT NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE TABLE idempotency_keys (
  user_id TEXT NOT NULL,
  idem_key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  call_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, idem_key)
);
