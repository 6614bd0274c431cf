-- How a customer's portal looks, where it has a look of its own. The id is the customer's.
CREATE TABLE branding (
    id UUID PRIMARY KEY,
    tenant_id UUID NOT NULL UNIQUE REFERENCES tenants (id),
    -- In the head of pages; empty for the product's.
    name_ja TEXT NOT NULL,
    name_en TEXT NOT NULL,
    -- `#rrggbb`; empty for the product's.
    accent TEXT NOT NULL,
    -- PNG that the service wrote, in base64; or empty.
    logo TEXT NOT NULL,
    changed_at_ms BIGINT NOT NULL
);
