-- Whose certificates count as a customer's devices: authorities that the customer brought, and its own, whose key we keep.
CREATE TABLE device_authorities (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    -- 'own' or 'brought'.
    kind TEXT NOT NULL,
    -- PEM.
    certificate TEXT NOT NULL,
    -- SHA-256 of the certificate, hexadecimal.
    fingerprint TEXT NOT NULL,
    subject TEXT NOT NULL,
    not_after_ms BIGINT NOT NULL,
    -- The key of an own one, PKCS#8 in PEM. Sealed.
    secret TEXT,
    -- Of the newest revocation list that was given: when it was made, and until when its maker wanted another one.
    list_at_ms BIGINT,
    list_until_ms BIGINT,
    created_at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, fingerprint)
);

-- Certificates that were issued here, and those of brought authorities that were shown here.
CREATE TABLE device_certificates (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    authority_id UUID NOT NULL REFERENCES device_authorities (id),
    -- Of one that was issued here, the person who alone may use it; of another, who showed it first if it names people. None
    -- for a device of anybody in the organisation.
    user_id UUID REFERENCES users (id),
    -- How people name the device. Sealed.
    name TEXT NOT NULL,
    -- The serial number, hexadecimal.
    number TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    not_after_ms BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    shown_at_ms BIGINT,
    -- Never taken back.
    revoked_at_ms BIGINT,
    UNIQUE (tenant_id, fingerprint)
);

-- Certificates of brought authorities that do not count, whether they were ever shown here or not: by serial number or by
-- fingerprint, the other one empty.
CREATE TABLE device_revocations (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    authority_id UUID NOT NULL REFERENCES device_authorities (id),
    -- The serial number, hexadecimal.
    number TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    UNIQUE (authority_id, number, fingerprint)
);

-- When a person last showed a certificate: it decides whether their desktops stay connected.
CREATE TABLE device_uses (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    certificate_id UUID NOT NULL REFERENCES device_certificates (id),
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (user_id, certificate_id)
);

-- A session of the web that was sent to show a certificate, and what was seen.
CREATE TABLE device_checks (
    ticket_hash TEXT PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    -- The session, by what its person names it.
    session_id UUID NOT NULL,
    -- Where its person goes afterwards, a local path.
    next TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    -- All absent until the ticket was used.
    result_hash TEXT,
    seen_at_ms BIGINT,
    -- The certificate, or why there is none.
    certificate_id UUID,
    refusal TEXT
);

-- The certificate that was shown in a session of the web.
ALTER TABLE web_sessions ADD COLUMN device_id UUID;
