-- Artists credited on this artist's tracks, and main artists of the tracks that credit this artist.
SELECT c.artist_id
FROM {tracks} AS t
JOIN sgr.track_artists AS c ON c.track_id = t.track_id
WHERE t.artist_id = $1 AND c.artist_id <> $1
UNION
SELECT t.artist_id::bigint
FROM sgr.track_artists AS c
JOIN {tracks} AS t ON t.track_id = c.track_id
WHERE c.artist_id = $1 AND t.artist_id <> $1
ORDER BY 1
