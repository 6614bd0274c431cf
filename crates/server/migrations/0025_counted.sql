-- What is counted or waits is dropped when it is old, before anything is looked at: without an index each sign-in would read all
-- of it.
CREATE INDEX sign_in_failures_last ON sign_in_failures (last_at_ms);
CREATE INDEX passkey_ceremonies_created ON passkey_ceremonies (created_at_ms);
CREATE INDEX federation_attempts_created ON federation_attempts (created_at_ms);
