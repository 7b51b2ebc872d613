SELECT t.track_id::text AS head_key, NULL::text AS head_name, pg_catalog.lower(pg_catalog.btrim(t.label)) AS tail_key, pg_catalog.btrim(t.label) AS tail_name,
       1::real AS weight, 'tracks.label'::text AS stage, coalesce(t.source, $2) AS source
FROM {tracks} AS t
WHERE pg_catalog.btrim(t.label) <> '' AND {only t.track_id}
