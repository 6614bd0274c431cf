-- Which session of the web asked for a connection to a session, so that the one ends with the other. Short-lived: kept while
-- its tickets are good or it is open.
CREATE TABLE connections (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    session_id UUID NOT NULL REFERENCES sessions (id),
    web_session_id UUID NOT NULL,
    at_ms BIGINT NOT NULL
);
CREATE INDEX connections_of_session ON connections (session_id);
