-- What the provider offers, where, and under which terms; and what each customer has agreed on.

-- One row: what everybody may know of the provider.
CREATE TABLE provider_profile (
    id BIGINT PRIMARY KEY,
    name_ja TEXT NOT NULL,
    name_en TEXT NOT NULL,
    address_ja TEXT NOT NULL,
    address_en TEXT NOT NULL,
    -- The contact window, and when it answers.
    window_ja TEXT NOT NULL,
    window_en TEXT NOT NULL,
    phone TEXT NOT NULL,
    email TEXT NOT NULL,
    changed_at_ms BIGINT NOT NULL
);

-- Where data is kept and sessions run.
CREATE TABLE regions (
    code TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    name_ja TEXT NOT NULL,
    name_en TEXT NOT NULL,
    -- ISO 3166-1, two letters.
    country TEXT NOT NULL
);

-- Services, and the options of each.
CREATE TABLE catalogue (
    code TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    -- The service that this is an option of; absent for a service.
    option_of TEXT REFERENCES catalogue (code),
    name_ja TEXT NOT NULL,
    name_en TEXT NOT NULL,
    description_ja TEXT NOT NULL,
    description_en TEXT NOT NULL
);

-- Terms of service. A version never changes once it is here.
CREATE TABLE terms (
    version BIGINT PRIMARY KEY,
    text_ja TEXT NOT NULL,
    text_en TEXT NOT NULL,
    published_at_ms BIGINT NOT NULL
);

-- Every version of each customer's contract; the highest is the one that counts.
CREATE TABLE contracts (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    version BIGINT NOT NULL,
    number TEXT NOT NULL,
    -- Days in Japan, `YYYY-MM-DD`: the first, and the last where one was agreed on.
    starts_on TEXT NOT NULL,
    ends_on TEXT,
    terms_version BIGINT NOT NULL REFERENCES terms (version),
    retention_days BIGINT NOT NULL,
    -- Accounts, and sessions at the same time.
    max_people BIGINT NOT NULL,
    max_sessions BIGINT NOT NULL,
    -- Codes of regions, with spaces between them.
    regions TEXT NOT NULL,
    -- Who of the provider wrote it, why, and when.
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

-- What was bought. Labels every resource that belongs to it.
CREATE TABLE service_codes (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    code TEXT NOT NULL UNIQUE,
    service TEXT NOT NULL REFERENCES catalogue (code),
    -- Codes of options, with spaces between them.
    options TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    ended_at_ms BIGINT
);
CREATE INDEX service_codes_of_tenant ON service_codes (tenant_id, code);

-- Who accepted which terms and, with them, the boundary of responsibility.
CREATE TABLE terms_acceptances (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    terms_version BIGINT NOT NULL REFERENCES terms (version),
    user_id UUID NOT NULL REFERENCES users (id),
    -- Their name at that time, sealed.
    full_name TEXT NOT NULL,
    -- SHA-256 of both texts and the boundary as they were shown, hexadecimal.
    shown TEXT NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX terms_accepted_once ON terms_acceptances (tenant_id, terms_version);

-- Which service code labels it.
ALTER TABLE desktops ADD COLUMN service_code UUID;
ALTER TABLE sessions ADD COLUMN service_code UUID;
-- Where it stands; absent for the region that the configuration names.
ALTER TABLE machines ADD COLUMN region TEXT;
ALTER TABLE enrol_tokens ADD COLUMN region TEXT;
