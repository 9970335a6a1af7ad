-- +goose Up
CREATE TABLE do_not_call (
  number TEXT PRIMARY KEY,
  reason TEXT NOT NULL DEFAULT '',
  added_by TEXT NOT NULL,
  added_at INTEGER NOT NULL
);
CREATE INDEX idx_do_not_call_at ON do_not_call (added_at, number);
CREATE TABLE gate_counts (
  name TEXT PRIMARY KEY,
  period INTEGER NOT NULL,
  used INTEGER NOT NULL
);
CREATE TABLE gate_permits (
  leg_id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL,
  rate INTEGER NOT NULL,
  limit_ms INTEGER NOT NULL,
  day INTEGER NOT NULL,
  made_at INTEGER NOT NULL,
  settled_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX idx_gate_permits_open ON gate_permits (settled_at, made_at);
CREATE TABLE agent_states (
  user_id TEXT PRIMARY KEY REFERENCES users(id) ON DELETE CASCADE,
  status TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  since INTEGER NOT NULL,
  until_at INTEGER,
  back_status TEXT NOT NULL DEFAULT '',
  back_reason TEXT NOT NULL DEFAULT '',
  seq INTEGER NOT NULL
);
