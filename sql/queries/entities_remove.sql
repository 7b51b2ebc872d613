-- Entities without a triple that no catalogue row stands for. Aliases are no entities.
DELETE FROM sgr.entities AS e
WHERE e.graph_id = 0
  AND NOT EXISTS (SELECT FROM sgr.triples AS t WHERE t.head = e.entity_id)
  AND NOT EXISTS (SELECT FROM sgr.triples AS t WHERE t.tail = e.entity_id)
  AND NOT (e.kind = 'track' AND e.key IN (SELECT s.track_id::text FROM {tracks} AS s))
  AND NOT (e.kind = 'user' AND e.key IN (SELECT s.user_id::text FROM {users} AS s))
  AND NOT (e.kind = 'playlist' AND e.key IN (
      SELECT s.playlist_id::text FROM {playlists} AS s
      WHERE NOT EXISTS (SELECT FROM sgr.entity_aliases AS a
                        WHERE a.kind = 'playlist' AND a.alias_key = s.playlist_id::text
                          AND a.canonical_key <> a.alias_key)))
  AND NOT (e.kind = 'artist' AND e.key IN (
      SELECT s.artist_id::text FROM {artists} AS s
      WHERE NOT EXISTS (SELECT FROM sgr.entity_aliases AS a
                        WHERE a.kind = 'artist' AND a.alias_key = s.artist_id::text
                          AND a.canonical_key <> a.alias_key)
        AND NOT EXISTS (SELECT FROM sgr.credits AS c WHERE c.origin = 'artist' AND c.origin_id = s.artist_id)))
