-- What the provider does not offer any more: new contracts cannot have it, those that have it go on.
ALTER TABLE catalogue ADD COLUMN retired_at_ms BIGINT;
ALTER TABLE regions ADD COLUMN retired_at_ms BIGINT;
