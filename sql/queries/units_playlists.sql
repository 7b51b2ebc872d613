-- Playlists that hold the candidate and some of the seeds: those with the most seeds first, then the shortest.
SELECT h.playlist_id, p.title
FROM (SELECT e.playlist_id, pg_catalog.count(DISTINCT e.track_id) AS tracks,
             pg_catalog.count(DISTINCT e.track_id) FILTER (WHERE e.track_id = ANY ($1)) AS seeds
      FROM {playlist_tracks} AS e
      WHERE e.playlist_id IN (SELECT c.playlist_id FROM {playlist_tracks} AS c WHERE c.track_id = $2)
      GROUP BY e.playlist_id) AS h
LEFT JOIN {playlists} AS p ON p.playlist_id = h.playlist_id
WHERE h.seeds > 0 AND (NOT $3 OR p.playlist_id IS NOT NULL)
ORDER BY h.seeds DESC, h.tracks, h.playlist_id
