SELECT pg_catalog.string_agg(held.name, ', ')
FROM (SELECT 'artists' AS name WHERE EXISTS (SELECT FROM sgr.artists)
      UNION ALL SELECT 'users' WHERE EXISTS (SELECT FROM sgr.users)
      UNION ALL SELECT 'tracks' WHERE EXISTS (SELECT FROM sgr.tracks)
      UNION ALL SELECT 'track_artists' WHERE EXISTS (SELECT FROM sgr.track_artists)
      UNION ALL SELECT 'playlists' WHERE EXISTS (SELECT FROM sgr.playlists)
      UNION ALL SELECT 'playlist_tracks' WHERE EXISTS (SELECT FROM sgr.playlist_tracks)
      UNION ALL SELECT 'interactions' WHERE EXISTS (SELECT FROM sgr.interactions)
      UNION ALL SELECT 'follows' WHERE EXISTS (SELECT FROM sgr.follows)) AS held
