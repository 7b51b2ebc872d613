-- sgr_track_id: a track by id, urn or URL.
\set SHOW_CONTEXT never
CALL test.reset();
INSERT INTO sgr.tracks (track_id, urn, title, permalink_url) VALUES
    (1, 'soundcloud:tracks:1', 'One', 'https://soundcloud.com/ann/one'), (2, 'soundcloud:tracks:2', 'Two', 'https://soundcloud.com/ann/two'),
    (3, NULL, 'Three', 'http://music.example/bob/one'), (-4, 'urn:x:4', 'Minus four', NULL);
INSERT INTO sgr.playlist_tracks VALUES (1, 50, 1);
SELECT sgr_track_id('1') AS by_id, sgr_track_id(' 1 ') AS by_id_with_blanks, sgr_track_id('-4') AS by_negative_id, sgr_track_id('50') AS by_id_from_playlist;
SELECT sgr_track_id('soundcloud:tracks:1') AS by_urn, sgr_track_id('urn:x:4') AS by_other_urn, sgr_track_id('soundcloud:tracks:50') AS by_urn_from_playlist;
SELECT sgr_track_id('https://soundcloud.com/ann/one') AS as_stored, sgr_track_id('http://www.soundcloud.com/ann/one/') AS with_www,
       sgr_track_id('soundcloud.com/ann/one?utm_source=x#t=1') AS with_query, sgr_track_id('HTTPS://SoundCloud.com/Ann/One') AS in_capitals,
       sgr_track_id('m.soundcloud.com/ann/one') AS mobile, sgr_track_id('music.example/bob/one') AS stored_as_http;

SELECT sgr_track_id('https://soundcloud.com/ann/onee');
\echo :SQLSTATE
SELECT sgr_track_id('https://soundcloud.com/carl/two');
\echo :SQLSTATE
SELECT sgr_track_id('https://nowhere.example/x/y');
\echo :SQLSTATE
SELECT sgr_track_id('99');
\echo :SQLSTATE
SELECT sgr_track_id('99999999999999999999');
\echo :SQLSTATE
SELECT sgr_track_id('soundcloud:tracks:99');
\echo :SQLSTATE
SELECT sgr_track_id('soundcloud:users:1');
\echo :SQLSTATE
SELECT sgr_track_id('One');
\echo :SQLSTATE
SELECT sgr_track_id('');
\echo :SQLSTATE
SELECT sgr_track_id(NULL);
\echo :SQLSTATE
SELECT sgr_track_id(repeat('long ', 100));
\echo :SQLSTATE
-- % and _ are no patterns.
SELECT sgr_track_id('https://soundcloud.com/%/_ne');
\echo :SQLSTATE
CALL test.reset();
