-- How the customer's own directory names a person (RFC 7643, section 3.1). Sealed.
ALTER TABLE users ADD COLUMN external_id TEXT;
-- When name, role, access or that name last changed; absent when they never did.
ALTER TABLE users ADD COLUMN changed_at_ms BIGINT;
