-- One text for SQLite and PostgreSQL. Times are Unix milliseconds in UTC; hashes and keys are base64url or hex text.

CREATE TABLE tenants (
    id UUID PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    name_ja TEXT NOT NULL,
    name_en TEXT NOT NULL,
    language TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

CREATE TABLE users (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    email TEXT NOT NULL UNIQUE,
    login TEXT NOT NULL,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    password_hash TEXT,
    created_at_ms BIGINT NOT NULL,
    last_sign_in_ms BIGINT
);
CREATE INDEX users_by_tenant ON users (tenant_id, full_name);

CREATE TABLE sign_in_links (
    token_hash TEXT PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    expires_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT
);

CREATE TABLE web_sessions (
    token_hash TEXT PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    csrf TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_seen_ms BIGINT NOT NULL
);
CREATE INDEX web_sessions_by_user ON web_sessions (tenant_id, user_id);

-- Failed sign-ins, by account name or by address; the key is a hash, so that nothing typed is kept.
CREATE TABLE sign_in_failures (
    subject TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    blocked_until_ms BIGINT NOT NULL,
    last_at_ms BIGINT NOT NULL
);

CREATE TABLE activity (
    id UUID PRIMARY KEY,
    tenant_id UUID,
    at_ms BIGINT NOT NULL,
    user_id UUID,
    who TEXT NOT NULL,
    address TEXT NOT NULL,
    what TEXT NOT NULL,
    subject_id UUID,
    detail TEXT NOT NULL
);
CREATE INDEX activity_by_tenant ON activity (tenant_id, at_ms);

CREATE TABLE desktops (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    position BIGINT NOT NULL,
    name_ja TEXT NOT NULL,
    name_en TEXT NOT NULL,
    description_ja TEXT NOT NULL,
    description_en TEXT NOT NULL,
    application TEXT,
    image TEXT NOT NULL,
    memory_mib BIGINT NOT NULL,
    cpu_percent BIGINT NOT NULL,
    tasks BIGINT NOT NULL
);
CREATE INDEX desktops_by_tenant ON desktops (tenant_id, position);

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    desktop_id UUID NOT NULL REFERENCES desktops (id),
    state TEXT NOT NULL,
    host_id UUID,
    connection_id UUID,
    reason TEXT,
    version BIGINT NOT NULL,
    requested_at_ms BIGINT NOT NULL,
    placed_at_ms BIGINT,
    ready_at_ms BIGINT,
    opened_at_ms BIGINT,
    changed_at_ms BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (tenant_id, user_id, state);
CREATE INDEX sessions_by_state ON sessions (state);

CREATE TABLE machines (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    names TEXT NOT NULL,
    enrolled_at_ms BIGINT NOT NULL,
    -- When its link last said something; tells other processes whether it is there.
    seen_at_ms BIGINT
);

CREATE TABLE enrol_tokens (
    token_hash TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    names TEXT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT
);
