SELECT t.track_id::text AS head_key, NULL::text AS head_name, pg_catalog.lower(pg_catalog.btrim(g.tag)) AS tail_key,
       pg_catalog.btrim(g.tag) AS tail_name, 1::real AS weight, 'tracks.tags'::text AS stage,
       coalesce(t.source, $2) AS source
FROM {tracks} AS t
CROSS JOIN LATERAL unnest(t.tags) AS g (tag)
WHERE pg_catalog.btrim(g.tag) <> '' AND {only t.track_id}
