-- A user's likes and the tracks of his playlists, newest first where times are known.
SELECT mine.track_id
FROM (SELECT i.track_id, i.occurred_at AS since FROM {interactions} AS i WHERE i.user_id = $1 AND i.kind = 'like'
      UNION ALL
      SELECT e.track_id, e.added_at
      FROM {playlists} AS p
      JOIN {playlist_tracks} AS e ON e.playlist_id = p.playlist_id
      WHERE p.owner_id = $1) AS mine
WHERE mine.track_id IS NOT NULL
GROUP BY mine.track_id
ORDER BY pg_catalog.max(mine.since) DESC NULLS LAST, mine.track_id
