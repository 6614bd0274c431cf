-- Where a gateway's relay was reached when it was linked last: pages may be told of it while the gateway's link is away.
ALTER TABLE machines ADD COLUMN relay_url TEXT;
