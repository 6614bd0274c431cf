-- What is to be sent by mail, written with the act that it tells of; a row stays for a while to say what became of it.
CREATE TABLE mail_messages (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    -- `invitation`, `link`, `reset`, or which notice it is.
    kind TEXT NOT NULL,
    -- Whether it carries a one-time link.
    is_link BOOLEAN NOT NULL,
    -- To whom and what, sealed; absent once it was sent, given up or withdrawn.
    content TEXT,
    created_at_ms BIGINT NOT NULL,
    -- It is given up then.
    expires_at_ms BIGINT NOT NULL,
    -- `waiting`, `sent`, `failed` or `withdrawn`.
    state TEXT NOT NULL,
    -- Nobody tries before this moment; also who tries now puts it off, so that others do not.
    retry_at_ms BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    -- Why the last attempt failed; empty when none did.
    why TEXT NOT NULL,
    settled_at_ms BIGINT
);
CREATE INDEX mail_messages_due ON mail_messages (retry_at_ms) WHERE state = 'waiting';
CREATE INDEX mail_messages_of_person ON mail_messages (tenant_id, user_id, created_at_ms);

-- The language in which a person last signed in: `ja` or `en`. Absent while nobody knows.
ALTER TABLE users ADD COLUMN language TEXT;
