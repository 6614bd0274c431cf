-- For how many days what records say is kept, where a contract asks for longer than 31.
CREATE TABLE activity_retention (
    tenant_id UUID PRIMARY KEY,
    days BIGINT NOT NULL
);
