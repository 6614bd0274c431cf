-- The one certificate of an operator that opens (SHA-256 of it, hexadecimal) and until when it is good; empty of those from before.
ALTER TABLE operators ADD COLUMN certificate TEXT;
ALTER TABLE operators ADD COLUMN certificate_until_ms BIGINT;

-- Leave to act on a customer, or to work on the service base, which one operator asks for and another approves. Operators are
-- named by their names, too, since these stay when an operator goes.
CREATE TABLE elevations (
    id UUID PRIMARY KEY,
    -- Empty for the service base.
    tenant_id UUID REFERENCES tenants (id),
    operator_id UUID NOT NULL,
    who TEXT NOT NULL,
    purpose TEXT NOT NULL,
    ticket TEXT NOT NULL,
    minutes BIGINT NOT NULL,
    asked_at_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    decided_by UUID,
    decided_who TEXT,
    decided_at_ms BIGINT,
    decision TEXT,
    until_ms BIGINT,
    -- Empty when it ended by itself.
    ended_who TEXT,
    ended_at_ms BIGINT,
    -- How many acts were done with it.
    acts BIGINT NOT NULL
);

CREATE INDEX elevations_by_operator ON elevations (operator_id, state);
