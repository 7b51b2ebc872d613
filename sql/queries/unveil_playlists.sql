-- The shortest playlists first: to stand in a short one says more.
SELECT held.playlist_id, p.title, held.tracks, pg_catalog.count(*) OVER ()
FROM (SELECT e.playlist_id, pg_catalog.count(*) AS tracks
      FROM {playlist_tracks} AS e
      WHERE e.playlist_id IN (SELECT m.playlist_id FROM {playlist_tracks} AS m WHERE m.track_id = $1)
      GROUP BY e.playlist_id) AS held
LEFT JOIN {playlists} AS p ON p.playlist_id = held.playlist_id
ORDER BY held.tracks, held.playlist_id
LIMIT $2
