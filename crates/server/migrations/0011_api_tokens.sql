-- Tokens with which programs act for a person through the API. Only a hash of a long random secret is kept.
CREATE TABLE api_tokens (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    -- Names of scopes, with spaces between them.
    scopes TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at_ms BIGINT NOT NULL,
    expires_at_ms BIGINT NOT NULL,
    last_used_ms BIGINT
);
CREATE INDEX api_tokens_of_user ON api_tokens (tenant_id, user_id);
