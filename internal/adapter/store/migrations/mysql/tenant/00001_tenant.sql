-- +goose Up
CREATE TABLE users (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  email VARCHAR(254) NOT NULL UNIQUE,
  name VARCHAR(500) NOT NULL,
  role VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  password_hash VARCHAR(500) NOT NULL,
  disabled BIGINT NOT NULL DEFAULT 0,
  capacity BIGINT NOT NULL DEFAULT 1,
  load_now BIGINT NOT NULL DEFAULT 0,
  created_at BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE sessions (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  refresh_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
  expires_at BIGINT NOT NULL,
  revoked BIGINT NOT NULL DEFAULT 0,
  FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE contacts (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  name VARCHAR(500) NOT NULL,
  company VARCHAR(500) NOT NULL DEFAULT '',
  phone VARCHAR(254) NOT NULL DEFAULT '',
  email VARCHAR(254) NOT NULL DEFAULT '',
  notes MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_contacts_phone ON contacts (phone);
CREATE TABLE calls (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  call_sid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin UNIQUE,
  direction VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  from_number VARCHAR(254) NOT NULL,
  to_number VARCHAR(254) NOT NULL,
  status VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  duration_seconds BIGINT,
  recording_url VARCHAR(500),
  ai_transcript MEDIUMTEXT,
  ai_summary MEDIUMTEXT,
  ai_insights MEDIUMTEXT,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
  contact_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
  verdict_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  verdict_reason VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  verdict_detail VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  epoch BIGINT NOT NULL DEFAULT 1,
  started_at BIGINT NOT NULL,
  answered_at BIGINT,
  ended_at BIGINT,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_calls_user ON calls (user_id, started_at, id);
CREATE INDEX idx_calls_status ON calls (status);
CREATE INDEX idx_calls_direction ON calls (direction);
CREATE INDEX idx_calls_created_user ON calls (created_at, user_id);
CREATE INDEX idx_calls_started ON calls (started_at, id);
CREATE TABLE legs (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  call_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  role VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  phase VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  carrier_sid VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin UNIQUE,
  address VARCHAR(254) NOT NULL DEFAULT '',
  stream_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
  stream_expires BIGINT,
  dialled_at BIGINT,
  answered_at BIGINT,
  ended_at BIGINT,
  cause VARCHAR(500) NOT NULL DEFAULT '',
  FOREIGN KEY (call_id) REFERENCES calls(id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_legs_call ON legs (call_id);
CREATE TABLE segments (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  call_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  speaker VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body MEDIUMTEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  gap VARCHAR(500) NOT NULL DEFAULT '',
  FOREIGN KEY (call_id) REFERENCES calls(id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_segments_call ON segments (call_id, start_ms);
CREATE TABLE events (
  stream VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  epoch BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  call_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body MEDIUMTEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (stream, epoch, seq)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_events_call ON events (call_id, kind);
CREATE TABLE inbox (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  dedupe VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
  leg_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body MEDIUMTEXT NOT NULL,
  raw MEDIUMTEXT NOT NULL,
  received_at BIGINT NOT NULL,
  folded_at BIGINT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_inbox_leg ON inbox (leg_id, folded_at);
CREATE TABLE jobs (
  kind VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  job_key VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body MEDIUMTEXT NOT NULL,
  due_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL DEFAULT 0,
  attempts BIGINT NOT NULL DEFAULT 0,
  dead BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, job_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_jobs_due ON jobs (dead, due_at);
CREATE TABLE recordings (
  id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  call_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  status VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at BIGINT NOT NULL,
  FOREIGN KEY (call_id) REFERENCES calls(id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE idempotency_keys (
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  idem_key VARCHAR(200) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  body_hash VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  call_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (user_id, idem_key)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
