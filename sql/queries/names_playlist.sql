WITH wanted AS (
    SELECT 'playlist'::text AS kind, s.playlist_id::text AS key, pg_catalog.max(s.title) AS name
    FROM {playlists} AS s
    WHERE s.playlist_id IS NOT NULL AND {only s.playlist_id}
      AND NOT EXISTS (SELECT FROM sgr.entity_aliases AS a
                      WHERE a.kind = 'playlist' AND a.alias_key = s.playlist_id::text AND a.canonical_key <> a.alias_key)
    GROUP BY s.playlist_id
)
