-- The keys of sealed fields, each wrapped by the master key of a key store. The service's own have the nil UUID.
CREATE TABLE data_keys (
    tenant_id UUID NOT NULL,
    -- `seal` for the keys of fields, `index` for the key of what is looked up.
    purpose TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- Which key store's master key wraps it.
    key_store TEXT NOT NULL,
    -- Absent once it is destroyed.
    wrapped TEXT,
    created_at_ms BIGINT NOT NULL,
    destroyed_at_ms BIGINT,
    PRIMARY KEY (tenant_id, purpose, version)
);

-- Addresses are sealed; by these they are found. Of somebody removed there is none.
ALTER TABLE users ADD COLUMN email_index TEXT;
CREATE UNIQUE INDEX users_by_email_index ON users (email_index);
DROP INDEX users_by_tenant;
CREATE INDEX users_of_tenant ON users (tenant_id);
