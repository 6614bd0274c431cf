-- What a person sees of their own sessions of the web. Sessions from before do not have it: everybody signs in again.
DELETE FROM web_sessions;
ALTER TABLE web_sessions ADD COLUMN id UUID;
ALTER TABLE web_sessions ADD COLUMN address TEXT;
ALTER TABLE web_sessions ADD COLUMN browser TEXT;
-- When the person last proved who they are, with everything that their sign-in asks.
ALTER TABLE web_sessions ADD COLUMN proven_at_ms BIGINT;

-- The secret of a person's one-time codes; the id is the person's.
CREATE TABLE authenticators (
    id UUID PRIMARY KEY REFERENCES users (id),
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    -- Sealed.
    secret TEXT NOT NULL,
    -- The last time step of which a code was used: each works once.
    last_step BIGINT NOT NULL,
    -- Absent until a first code has shown that the person's device has the secret.
    confirmed_at_ms BIGINT
);

CREATE TABLE recovery_codes (
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    code_hash TEXT NOT NULL,
    used_at_ms BIGINT,
    PRIMARY KEY (user_id, code_hash)
);

-- Sign-ins whose password was right and whose second factor is still missing. They open nothing else.
CREATE TABLE sign_in_steps (
    token_hash TEXT PRIMARY KEY,
    tenant_id UUID NOT NULL REFERENCES tenants (id),
    user_id UUID NOT NULL REFERENCES users (id),
    created_at_ms BIGINT NOT NULL
);

-- A person looks for their own sign-ins.
CREATE INDEX activity_sign_ins ON activity (log_id, user_id, at_ms)
    WHERE what IN ('identity.signed_in', 'identity.sign_in_refused');
