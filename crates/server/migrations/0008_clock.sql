-- What the kernels of the service's machines said of their clocks (RFC 1589).
CREATE TABLE clock_samples (
    -- The machine's name.
    node TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    -- `synchronised`, `unsynchronised` or `unknown`.
    state TEXT NOT NULL,
    -- How far it may have been off at most, in microseconds, where something bounds it.
    error_us BIGINT,
    -- What was still to be corrected, in microseconds.
    offset_us BIGINT NOT NULL,
    -- 1 where the state is another than before; these are kept longer.
    changed BIGINT NOT NULL,
    PRIMARY KEY (node, at_ms)
);

-- How the clock was when a record was made; the same stands in the record's leaf.
ALTER TABLE activity ADD COLUMN clock TEXT;
ALTER TABLE activity ADD COLUMN clock_error_us BIGINT;
