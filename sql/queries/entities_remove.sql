-- Entities without a triple that no catalogue row stands for. Aliases are no entities.
DELETE FROM sgr.entities AS e
WHERE e.graph_id = 0
  AND NOT EXISTS (SELECT FROM sgr.triples AS t WHERE t.head = e.entity_id)
  AND NOT EXISTS (SELECT FROM sgr.triples AS t WHERE t.tail = e.entity_id)
  -- Not `key IN (...)` below NOT and AND: from some hundred thousand rows on that is looked through anew for each entity.
  AND NOT EXISTS (SELECT FROM {tracks} AS s WHERE e.kind = 'track' AND e.key = s.track_id::text)
  AND NOT EXISTS (SELECT FROM {users} AS s WHERE e.kind = 'user' AND e.key = s.user_id::text)
  AND NOT EXISTS (
      SELECT FROM {playlists} AS s
      WHERE e.kind = 'playlist' AND e.key = s.playlist_id::text
        AND NOT EXISTS (SELECT FROM sgr.entity_aliases AS a
                        WHERE a.kind = 'playlist' AND a.alias_key = s.playlist_id::text
                          AND a.canonical_key <> a.alias_key))
  AND NOT EXISTS (
      SELECT FROM {artists} AS s
      WHERE e.kind = 'artist' AND e.key = s.artist_id::text
        AND NOT EXISTS (SELECT FROM sgr.entity_aliases AS a
                        WHERE a.kind = 'artist' AND a.alias_key = s.artist_id::text
                          AND a.canonical_key <> a.alias_key)
        AND NOT EXISTS (SELECT FROM sgr.credits AS c WHERE c.origin = 'artist' AND c.origin_id = s.artist_id))
