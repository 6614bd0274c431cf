-- How an act ended, and acts that have begun and not ended.
ALTER TABLE activity ADD COLUMN outcome TEXT;
-- The record of its beginning, where a record says how something ended that could fail half-way.
ALTER TABLE activity ADD COLUMN completes UUID;
-- Which fields the hashed content has: 1 none of the two above, 2 both.
ALTER TABLE activity ADD COLUMN form BIGINT NOT NULL DEFAULT 1;
UPDATE activity SET outcome = CASE WHEN what IN
    ('identity.sign_in_refused', 'gateway.ticket_refused', 'operator.refused') THEN 'refused' ELSE 'success' END;

CREATE TABLE activity_acts (
    -- The record of the beginning.
    record_id UUID PRIMARY KEY,
    tenant_id UUID,
    what TEXT NOT NULL,
    subject_id UUID,
    -- Until then the process that does it is believed to live; absent where a reconciler finishes it whichever lives.
    lease_until_ms BIGINT
);
CREATE INDEX activity_acts_by_subject ON activity_acts (subject_id, what);
