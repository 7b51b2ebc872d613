SELECT e.track_id::text AS head_key, NULL::text AS head_name, e.playlist_id::text AS tail_key, NULL::text AS tail_name,
       (1 / (1 + pg_catalog.ln(pg_catalog.count(*) OVER (PARTITION BY e.playlist_id)::double precision)))::real AS weight,
       'playlist_tracks'::text AS stage, $2 AS source
FROM (SELECT DISTINCT p.playlist_id, p.track_id FROM {playlist_tracks} AS p
      WHERE p.track_id IS NOT NULL AND p.playlist_id IS NOT NULL AND {only p.playlist_id}) AS e
