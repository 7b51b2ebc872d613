-- An artist row whose name holds several artists stands for these.
SELECT t.track_id::text AS head_key, NULL::text AS head_name, coalesce(c.artist_key, t.artist_id::text) AS tail_key,
       c.name AS tail_name,
       (CASE c.role WHEN 'featured' THEN 0.5 WHEN 'remixer' THEN 0.7 ELSE 1 END)::real AS weight,
       CASE WHEN c.origin IS NULL THEN 'tracks.artist_id' ELSE 'credits.artist' END AS stage,
       coalesce(t.source, $2) AS source
FROM {tracks} AS t
LEFT JOIN sgr.credits AS c ON c.origin = 'artist' AND c.origin_id = t.artist_id
WHERE t.artist_id IS NOT NULL AND {only t.track_id}
UNION ALL
SELECT t.track_id::text, NULL, c.artist_key, c.name,
       (CASE c.role WHEN 'featured' THEN 0.5 WHEN 'remixer' THEN 0.7 ELSE 1 END)::real,
       'credits.title', coalesce(t.source, $2)
FROM {tracks} AS t
JOIN sgr.credits AS c ON c.origin = 'title' AND c.origin_id = t.track_id
WHERE {only t.track_id}
UNION ALL
SELECT a.track_id::text, NULL, coalesce(c.artist_key, a.artist_id::text), c.name,
       (CASE a.role WHEN 'featured' THEN 0.5 WHEN 'remixer' THEN 0.7 ELSE 1 END)::real,
       'track_artists', 'sgr.track_artists'
FROM sgr.track_artists AS a
LEFT JOIN sgr.credits AS c ON c.origin = 'artist' AND c.origin_id = a.artist_id
WHERE {only a.track_id}
