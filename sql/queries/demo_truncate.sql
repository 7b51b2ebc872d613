TRUNCATE sgr.artists, sgr.users, sgr.tracks, sgr.track_artists, sgr.playlists, sgr.playlist_tracks, sgr.interactions, sgr.follows
