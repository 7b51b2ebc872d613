SELECT t.title, t.artist_id, a.name, t.genre, t.tags, t.label, pg_catalog.to_char(t.released_on, 'YYYY-MM-DD'), t.duration_ms, t.permalink_url,
       t.playback_count, t.likes_count, t.reposts_count, t.comment_count, f.playlists, f.likes, f.popularity
FROM (SELECT $1 AS track_id) AS k
LEFT JOIN {tracks} AS t ON t.track_id = k.track_id
LEFT JOIN {artists} AS a ON a.artist_id = t.artist_id
LEFT JOIN sgr.track_features AS f ON f.track_id = k.track_id
