-- Where a customer's records are sent as they are made: one collector for each customer.
CREATE TABLE activity_streams (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL UNIQUE,
    -- `syslog` or `otlp`.
    kind TEXT NOT NULL,
    host TEXT NOT NULL,
    port BIGINT NOT NULL,
    -- Of OTLP alone.
    path TEXT NOT NULL,
    -- Whom to trust, PEM; empty for the public authorities.
    ca_pem TEXT NOT NULL,
    -- What we show, PEM; empty for nothing.
    client_pem TEXT NOT NULL,
    -- The certificate's key and the value of the Authorization header, sealed together.
    secret TEXT NOT NULL,
    -- The first record that was not delivered.
    next_index BIGINT NOT NULL,
    delivered_at_ms BIGINT,
    -- The last failure and why; the code is empty once it goes again.
    failed_at_ms BIGINT,
    error TEXT NOT NULL,
    -- Failures in a row.
    failures BIGINT NOT NULL,
    -- Nobody tries before this moment; also who tries now puts it off, so that others do not.
    retry_at_ms BIGINT NOT NULL
);
