WITH put AS (
    INSERT INTO sgr.artists AS t (artist_id, urn, name, permalink_url, city, country_code, followers_count, source, fetched_at)
    SELECT n.artist_id::bigint, n.urn, n.name, n.permalink_url, n.city, n.country_code, n.followers_count::bigint, n.source,
           pg_catalog.to_timestamp(n.fetched_at::double precision / 1000000)
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
        AS n (artist_id, urn, name, permalink_url, city, country_code, followers_count, source, fetched_at)
    ON CONFLICT (artist_id) DO UPDATE SET
        urn = sgr.merged(t.urn, excluded.urn, t.fetched_at, excluded.fetched_at),
        name = sgr.merged(t.name, excluded.name, t.fetched_at, excluded.fetched_at),
        permalink_url = sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
        city = sgr.merged(t.city, excluded.city, t.fetched_at, excluded.fetched_at),
        country_code = sgr.merged(t.country_code, excluded.country_code, t.fetched_at, excluded.fetched_at),
        followers_count = sgr.merged(t.followers_count, excluded.followers_count, t.fetched_at, excluded.fetched_at),
        source = sgr.merged(t.source, excluded.source, t.fetched_at, excluded.fetched_at),
        fetched_at = sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at)
    WHERE (t.urn, t.name, t.permalink_url, t.city, t.country_code, t.followers_count, t.source, t.fetched_at)
        IS DISTINCT FROM (
           sgr.merged(t.urn, excluded.urn, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.name, excluded.name, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.city, excluded.city, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.country_code, excluded.country_code, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.followers_count, excluded.followers_count, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.source, excluded.source, t.fetched_at, excluded.fetched_at),
           sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at))
    RETURNING xmax = 0 AS is_new
)
SELECT pg_catalog.count(*) FILTER (WHERE is_new), pg_catalog.count(*) FILTER (WHERE NOT is_new) FROM put
