-- An account that makes and listens is a row of both tables; what a document says about the one is true of the other.
WITH put AS (
    INSERT INTO sgr.artists AS t (artist_id, urn, name, permalink_url, city, country_code, followers_count, source, fetched_at)
    SELECT u.user_id, u.urn, u.name, u.permalink_url, u.city, u.country_code, u.followers_count, u.source, u.fetched_at
    FROM sgr.users AS u
    JOIN sgr.artists AS a ON a.artist_id = u.user_id AND a.urn = u.urn
    WHERE u.user_id = ANY ($1) AND u.fetched_at IS NOT NULL
    ON CONFLICT (artist_id) DO UPDATE SET
        name = sgr.merged(t.name, excluded.name, t.fetched_at, excluded.fetched_at),
        permalink_url = sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
        city = sgr.merged(t.city, excluded.city, t.fetched_at, excluded.fetched_at),
        country_code = sgr.merged(t.country_code, excluded.country_code, t.fetched_at, excluded.fetched_at),
        followers_count = sgr.merged(t.followers_count, excluded.followers_count, t.fetched_at, excluded.fetched_at),
        fetched_at = sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at)
    WHERE (t.name, t.permalink_url, t.city, t.country_code, t.followers_count, t.fetched_at) IS DISTINCT FROM (
        sgr.merged(t.name, excluded.name, t.fetched_at, excluded.fetched_at),
        sgr.merged(t.permalink_url, excluded.permalink_url, t.fetched_at, excluded.fetched_at),
        sgr.merged(t.city, excluded.city, t.fetched_at, excluded.fetched_at),
        sgr.merged(t.country_code, excluded.country_code, t.fetched_at, excluded.fetched_at),
        sgr.merged(t.followers_count, excluded.followers_count, t.fetched_at, excluded.fetched_at),
        sgr.merged(t.fetched_at, excluded.fetched_at, t.fetched_at, excluded.fetched_at))
    RETURNING true
)
SELECT 0::bigint, pg_catalog.count(*) FROM put
