SELECT t.title, t.artist_id, a.name, t.genre, t.tags, t.label, t.released_on::pg_catalog.text, t.duration_ms, t.permalink_url,
       t.playback_count, t.likes_count, t.reposts_count, t.comment_count, f.playlists, f.likes, f.popularity
FROM {tracks} AS t
LEFT JOIN {artists} AS a ON a.artist_id = t.artist_id
LEFT JOIN sgr.track_features AS f ON f.track_id = t.track_id
WHERE t.track_id = $1
