SELECT f.track_id, f.artist_id, f.genre_id, f.tag_ids, f.tag_norm, f.playlists, f.likes, f.popularity
FROM sgr.track_features AS f
WHERE f.track_id = ANY ($1)
