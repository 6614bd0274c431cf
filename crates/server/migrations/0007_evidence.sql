-- What every check of the evidence answered, as the spans of time through which it answered the same.
CREATE TABLE evidence_spans (
    id UUID PRIMARY KEY,
    check_name TEXT NOT NULL,
    -- The customer that was looked at; all zeros when it was the service as a whole, which the service alone sees.
    tenant_id UUID NOT NULL,
    outcome TEXT NOT NULL,
    -- The newest figures and references of the span, as JSON lists.
    figures TEXT NOT NULL,
    refs TEXT NOT NULL,
    from_ms BIGINT NOT NULL,
    seen_ms BIGINT NOT NULL,
    -- 1 while the span goes on.
    is_current BIGINT NOT NULL
);
CREATE UNIQUE INDEX evidence_current ON evidence_spans (check_name, tenant_id) WHERE is_current = 1;
CREATE INDEX evidence_by_time ON evidence_spans (tenant_id, seen_ms);
