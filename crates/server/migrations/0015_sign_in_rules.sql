-- What an organisation asks of its people, by role: a JSON text, see identity/policy/rules.rs. A role without a row has
-- the rules of the beginning.
CREATE TABLE sign_in_rules (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    role TEXT NOT NULL,
    rules TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    UNIQUE (tenant_id, role)
);
