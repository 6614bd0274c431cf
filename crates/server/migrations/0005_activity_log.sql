-- The activity log as append-only Merkle trees: one for each customer (its id is the customer's), one for the service
-- itself and one of all others' checkpoints.

CREATE TABLE activity_logs (
    id UUID PRIMARY KEY,
    -- The log's name in checkpoints; it stays when the portal's address changes.
    origin TEXT NOT NULL UNIQUE,
    -- How many leaves there are. The row is locked while an index is given out, so that no two leaves get the same.
    size BIGINT NOT NULL
);

-- Leaves stay for ever; what they commit to is in `activity` and goes when its time is over.
CREATE TABLE activity_leaves (
    log_id UUID NOT NULL,
    leaf_index BIGINT NOT NULL,
    leaf TEXT NOT NULL,
    PRIMARY KEY (log_id, leaf_index)
);

-- The hashes of full subtrees of 256, 65536, ... leaves, so that a proof reads a few rows and not the whole log.
CREATE TABLE activity_nodes (
    log_id UUID NOT NULL,
    level BIGINT NOT NULL,
    node_index BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (log_id, level, node_index)
);

-- Every checkpoint ever given out, with the tree's right edge at that point.
CREATE TABLE activity_checkpoints (
    log_id UUID NOT NULL,
    size BIGINT NOT NULL,
    edge TEXT NOT NULL,
    note TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    -- Where it stands in the log of the logs, and with which salt; absent for that log's own.
    logs_index BIGINT,
    salt TEXT,
    PRIMARY KEY (log_id, size)
);

ALTER TABLE activity ADD COLUMN log_id UUID;
ALTER TABLE activity ADD COLUMN leaf_index BIGINT;
ALTER TABLE activity ADD COLUMN salt TEXT;
DROP INDEX activity_by_tenant;
CREATE UNIQUE INDEX activity_by_leaf ON activity (log_id, leaf_index);
CREATE INDEX activity_by_time ON activity (log_id, at_ms, leaf_index);
