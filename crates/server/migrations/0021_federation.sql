-- Where an organisation's people sign in: its own OpenID provider, one for each organisation. Whoever saves it anew makes
-- another row, so that a sign-in that began before ends nowhere.
CREATE TABLE federation_providers (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL UNIQUE REFERENCES tenants (id),
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    -- Sealed.
    client_secret TEXT NOT NULL,
    -- A JSON text, see identity/federation/settings.rs.
    settings TEXT NOT NULL,
    changed_at_ms BIGINT NOT NULL
);

-- Whose addresses end in what. The sign-in page leads to the provider once the service's operator has confirmed it.
CREATE TABLE federation_domains (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    domain TEXT NOT NULL,
    confirmed_at_ms BIGINT,
    UNIQUE (tenant_id, domain)
);
CREATE UNIQUE INDEX federation_confirmed_domains ON federation_domains (domain) WHERE confirmed_at_ms IS NOT NULL;

-- Who a person is to a provider: a keyed hash of issuer and subject. Once it is there, addresses count no more.
CREATE TABLE federated_people (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    issuer TEXT NOT NULL,
    subject_index TEXT NOT NULL,
    bound_at_ms BIGINT NOT NULL,
    -- When the provider's own second factor counted, the last time; absent when it did not.
    factor_at_ms BIGINT,
    UNIQUE (tenant_id, subject_index)
);
CREATE INDEX federated_people_of ON federated_people (tenant_id, user_id);

-- Sign-ins that went to a provider and have not come back. What they are checked with is in the browser's cookie.
CREATE TABLE federation_attempts (
    state_hash TEXT PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    provider_id UUID NOT NULL,
    browser_hash TEXT NOT NULL,
    -- From where it began: nobody fills the table alone.
    address_hash TEXT NOT NULL,
    -- The session of the web whose person proves again who they are; absent at sign-in.
    session_id UUID,
    next TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL
);

-- Which provider vouched for the session's person, and whether its second factor counted; absent after a password.
ALTER TABLE web_sessions ADD COLUMN provider_id UUID;
ALTER TABLE web_sessions ADD COLUMN provider_factor_at_ms BIGINT;
ALTER TABLE sign_in_steps ADD COLUMN provider_id UUID;
