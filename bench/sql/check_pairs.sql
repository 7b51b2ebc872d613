-- Pairs of the refresh whose count or cosine differs from the self-join's, among those of 1,000 tracks.
SELECT count(*), count(*) FILTER (
    WHERE p.together IS DISTINCT FROM c.together
       OR abs(c.cosine - p.together / sqrt(a.playlists::float8 * b.playlists)) > 1e-9)
FROM sgr.track_cooccurrence AS c
LEFT JOIN bench.pairs AS p ON p.track_id_a = least(c.track_id_a, c.track_id_b)
                          AND p.track_id_b = greatest(c.track_id_a, c.track_id_b)
LEFT JOIN bench.counts AS a ON a.track_id = c.track_id_a
LEFT JOIN bench.counts AS b ON b.track_id = c.track_id_b
WHERE c.track_id_a IN (SELECT track_id FROM bench.counts ORDER BY track_id % 997, track_id LIMIT 1000)
