-- Keys of people's authenticators (Web Authentication).
CREATE TABLE passkeys (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    -- base64url, chosen by the authenticator; it finds the person at sign-in.
    credential_id TEXT NOT NULL UNIQUE,
    -- COSE_Key, base64url.
    public_key TEXT NOT NULL,
    -- By what the authenticator knows the person: random, so that it tells nobody who they are.
    user_handle TEXT NOT NULL,
    -- The counter of the last signature; zero for authenticators that count nothing.
    sign_count BIGINT NOT NULL,
    -- What its person calls it. Sealed.
    name TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    last_used_ms BIGINT
);
CREATE INDEX passkeys_of ON passkeys (tenant_id, user_id);

-- Challenges that were not answered yet. Each is for one use, for minutes, by the browser that asked for it.
CREATE TABLE passkey_ceremonies (
    challenge_hash TEXT PRIMARY KEY,
    -- Of the secret that the browser holds: its session, its waiting sign-in, or the form's token before sign-in.
    bound_hash TEXT NOT NULL,
    purpose TEXT NOT NULL,
    -- Where a passkey is added; empty otherwise.
    user_handle TEXT NOT NULL,
    -- Of the address that asked.
    from_hash TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);
CREATE INDEX passkey_ceremonies_from ON passkey_ceremonies (from_hash);
