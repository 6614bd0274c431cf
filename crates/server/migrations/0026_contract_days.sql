-- A version of a contract may be written before the day from which it counts, and be withdrawn until then.
-- The day in Japan, `YYYY-MM-DD`; empty for those of before, which counted when they were written.
ALTER TABLE contracts ADD COLUMN counts_from TEXT NOT NULL DEFAULT '';
-- When the service noticed that the day had come; absent until then.
ALTER TABLE contracts ADD COLUMN began_at_ms BIGINT;
-- When it was withdrawn, and who of the provider did.
ALTER TABLE contracts ADD COLUMN withdrawn_at_ms BIGINT;
ALTER TABLE contracts ADD COLUMN withdrawn_who TEXT;
UPDATE contracts SET began_at_ms = at_ms;
