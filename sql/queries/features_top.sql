-- The most popular tracks, and those that tie with the last.
SELECT f.track_id, f.playlists, f.likes FROM sgr.track_features AS f
ORDER BY f.popularity DESC FETCH FIRST ($1) ROWS WITH TIES
