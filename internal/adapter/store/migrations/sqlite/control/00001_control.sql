-- +goose Up
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  db_host TEXT NOT NULL DEFAULT '',
  db_port INTEGER NOT NULL DEFAULT 3306,
  db_name TEXT NOT NULL DEFAULT '',
  db_username TEXT NOT NULL DEFAULT '',
  db_password TEXT NOT NULL DEFAULT '',
  integrations_config TEXT,
  twilio_account TEXT UNIQUE,
  status TEXT NOT NULL DEFAULT 'active',
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
);
CREATE TABLE domains (
  name TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE
);
CREATE TABLE logins (
  email TEXT NOT NULL,
  tenant_id TEXT NOT NULL REFERENCES tenants(id) ON DELETE CASCADE,
  PRIMARY KEY (email, tenant_id)
);
