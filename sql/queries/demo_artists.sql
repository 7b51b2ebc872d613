INSERT INTO sgr.artists (
    artist_id, urn, name, permalink_url, city, country_code, followers_count, source, fetched_at)
SELECT n.artist_id::bigint, n.urn, n.name, n.permalink_url, n.city, n.country_code, n.followers_count::bigint,
       n.source, pg_catalog.to_timestamp(n.fetched_at::double precision)
FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) AS n (
    artist_id, urn, name, permalink_url, city, country_code, followers_count, source, fetched_at)
