-- Leaves of the demo catalogue what makes triples of in_playlist and nothing else; titles stay, for names.
UPDATE sgr.tracks SET artist_id = NULL, genre = NULL, tags = NULL, label = NULL, released_on = NULL;
UPDATE sgr.playlists SET owner_id = NULL;
TRUNCATE sgr.track_artists, sgr.interactions, sgr.follows, sgr.artists, sgr.users;
