-- How many tracks this artist made with each other one, whichever of the two is the main artist.
SELECT both_ways.artist_id, pg_catalog.count(DISTINCT both_ways.track_id)
FROM (SELECT c.artist_id, c.track_id
      FROM {tracks} AS t
      JOIN sgr.track_artists AS c ON c.track_id = t.track_id
      WHERE t.artist_id = $1
      UNION ALL
      SELECT t.artist_id::bigint, t.track_id::bigint
      FROM sgr.track_artists AS c
      JOIN {tracks} AS t ON t.track_id = c.track_id
      WHERE c.artist_id = $1) AS both_ways
WHERE both_ways.artist_id <> $1
GROUP BY both_ways.artist_id
