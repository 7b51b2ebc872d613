WITH wanted AS (
    SELECT 'artist'::text AS kind, s.artist_id::text AS key, pg_catalog.max(s.name) AS name
    FROM {artists} AS s
    WHERE s.artist_id IS NOT NULL AND {only s.artist_id}
      AND NOT EXISTS (SELECT FROM sgr.entity_aliases AS a
                      WHERE a.kind = 'artist' AND a.alias_key = s.artist_id::text AND a.canonical_key <> a.alias_key)
      AND NOT EXISTS (SELECT FROM sgr.credits AS c WHERE c.origin = 'artist' AND c.origin_id = s.artist_id)
    GROUP BY s.artist_id
)
