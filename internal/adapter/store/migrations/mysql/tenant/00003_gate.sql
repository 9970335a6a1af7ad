-- +goose Up
CREATE TABLE do_not_call (
  number VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  reason VARCHAR(500) NOT NULL DEFAULT '',
  added_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  added_at BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_do_not_call_at ON do_not_call (added_at, number);
CREATE TABLE gate_counts (
  name VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  period BIGINT NOT NULL,
  used BIGINT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE gate_permits (
  leg_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  rate BIGINT NOT NULL,
  limit_ms BIGINT NOT NULL,
  day BIGINT NOT NULL,
  made_at BIGINT NOT NULL,
  settled_at BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE INDEX idx_gate_permits_open ON gate_permits (settled_at, made_at);
CREATE TABLE agent_states (
  user_id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
  status VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  reason VARCHAR(500) NOT NULL DEFAULT '',
  since BIGINT NOT NULL,
  until_at BIGINT,
  back_status VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
  back_reason VARCHAR(500) NOT NULL DEFAULT '',
  seq BIGINT NOT NULL,
  FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
