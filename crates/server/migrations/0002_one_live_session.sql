-- Two clicks at the same time open one session: of a desktop a person has at most one that is not over.

CREATE UNIQUE INDEX sessions_one_live ON sessions (tenant_id, user_id, desktop_id)
    WHERE state <> 'ending' AND state <> 'ended';
