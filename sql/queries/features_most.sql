SELECT f.playlists + f.likes FROM sgr.track_features AS f ORDER BY f.popularity DESC, f.track_id LIMIT 1
