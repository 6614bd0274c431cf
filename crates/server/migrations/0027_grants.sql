-- A role for the resources of one service code alone.
CREATE TABLE grants (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    role TEXT NOT NULL,
    service_code UUID NOT NULL REFERENCES service_codes (id),
    granted_by UUID NOT NULL REFERENCES users (id),
    granted_at_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX grants_once ON grants (user_id, role, service_code);
CREATE INDEX grants_of_code ON grants (tenant_id, service_code);

-- Service codes whose desktops are for people with a grant alone. A code that is not here is open to its organisation.
CREATE TABLE closed_codes (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    service_code UUID NOT NULL UNIQUE REFERENCES service_codes (id),
    closed_by UUID NOT NULL REFERENCES users (id),
    closed_at_ms BIGINT NOT NULL
);
