-- The provider's own people, who work in the management console.
CREATE TABLE operators (
    id UUID PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The secret of the one-time codes, sealed.
    totp TEXT NOT NULL,
    -- The last time step of which a code was used: each works once.
    totp_step BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_sign_in_ms BIGINT
);

CREATE TABLE operator_links (
    token_hash TEXT PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operators (id),
    expires_at_ms BIGINT NOT NULL,
    used_at_ms BIGINT
);

CREATE TABLE operator_sessions (
    token_hash TEXT PRIMARY KEY,
    operator_id UUID NOT NULL REFERENCES operators (id),
    csrf TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_seen_ms BIGINT NOT NULL
);

-- Since when a session host takes no new sessions; empty while it does.
ALTER TABLE machines ADD COLUMN draining_since_ms BIGINT;
