SELECT t.track_id::text AS head_key, NULL::text AS head_name, pg_catalog.to_char(t.released_on, 'YYYY-MM-DD') AS tail_key,
       pg_catalog.to_char(t.released_on, 'YYYY-MM-DD') AS tail_name, 1::real AS weight, 'tracks.released_on'::text AS stage,
       coalesce(t.source, $2) AS source
FROM {tracks} AS t
WHERE isfinite(t.released_on) AND {only t.track_id}
