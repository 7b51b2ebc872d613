CREATE OR REPLACE TABLE pairs AS
WITH e AS MATERIALIZED (SELECT DISTINCT playlist_id, track_id FROM entries)
SELECT a.track_id AS track_id_a, b.track_id AS track_id_b, count(*) AS together
FROM e AS a
JOIN e AS b ON b.playlist_id = a.playlist_id AND a.track_id < b.track_id
GROUP BY a.track_id, b.track_id
