-- Documents: the ways in, what they become in the catalogue, and what goes to quarantine.
\set SHOW_CONTEXT never
CALL test.reset();
\set documents 'document_id, kind, external_id, source, left(body, 40) AS body'

-- COPY, as \copy from a client: one line is one document, byte for byte.
COPY sgr.raw_documents (body) FROM STDIN (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01');
{"kind":"track","id":1,"title":"Quo\"ted, \u00e9\n","user":{"id":9,"username":"Mira"},"tag_list":"\"deep focus\" dawn geo:lat=52.5"}
{"kind":"track","id":1,"title":"Quo\"ted, \u00e9\n","user":{"id":9,"username":"Mira"},"tag_list":"\"deep focus\" dawn geo:lat=52.5"}

{"kind":"track","id":2,"title":"cut o
\.
SELECT sgr_import('{"kind":"playlist","id":7,"title":"Morning","track_count":3,"user":{"id":5,"username":"Ada"},"tracks":[{"id":1},{"id":2},{"id":1}]}', 'by hand');
SELECT sgr_import('{"kind":"playlist","id":7,"title":"Morning","track_count":3,"user":{"id":5,"username":"Ada"},"tracks":[{"id":1},{"id":2},{"id":1}]}', 'again');
SELECT sgr_import('not JSON', 'by hand');
SELECT sgr_import(' ', 'blank');
SELECT :documents FROM sgr.raw_documents ORDER BY 1;

SELECT what, found, inserted, updated, unchanged, rejected FROM sgr_clean();
SELECT :documents FROM sgr.raw_documents ORDER BY 1;
SELECT track_id, urn, artist_id, title, tags, machine_tags, engagement FROM sgr.tracks ORDER BY 1;
SELECT artist_id, name, urn FROM sgr.artists ORDER BY 1;
SELECT playlist_id, owner_id, title, track_count, is_public FROM sgr.playlists;
SELECT * FROM sgr.playlist_tracks ORDER BY 1, 3;
SELECT stage, reason, whole, document_id, source, line_number, path, value, body FROM sgr.quarantine ORDER BY quarantine_id;
-- Again: nothing is left to do.
SELECT what, found FROM sgr_clean() WHERE found > 0;

-- A newer document wins field by field, unknown never overwrites known, and an older one only fills what is unknown.
SELECT sgr_import('{"kind":"track","id":1,"title":"New title","genre":null,"playback_count":900,"likes_count":30}', 'newer', now() + interval '1 hour');
SELECT sgr_import('{"kind":"track","id":1,"title":"Old title","genre":"Jazz","playback_count":5,"duration":1000}', 'older', '2001-01-01 00:00+00');
SELECT what, found, inserted, updated, unchanged FROM sgr_clean() WHERE what IN ('tracks', 'documents');
SELECT title, genre, playback_count, likes_count, reposts_count, duration_ms, tags, source, round(engagement::numeric, 4) AS engagement FROM sgr.tracks;

-- An edited playlist replaces its entries; an older document does not.
SELECT sgr_import('{"kind":"playlist","id":7,"tracks":[{"id":2},{"id":1}]}', 'edited', now() + interval '1 hour');
SELECT what, found, inserted, updated, unchanged FROM sgr_clean() WHERE what IN ('playlists', 'playlist_tracks');
SELECT * FROM sgr.playlist_tracks ORDER BY 1, 3;
SELECT basket, basket_id, track_id FROM sgr.cooccurrence_changes WHERE track_id IS NOT NULL OR basket_id = 7 AND NOT publicity ORDER BY 3 NULLS FIRST LIMIT 3;
SELECT sgr_import('{"kind":"playlist","id":7,"tracks":[{"id":4}]}', 'older', '2001-01-01 00:00+00');
SELECT what, found, inserted, updated FROM sgr_clean() WHERE what = 'playlist_tracks';
SELECT count(*) FROM sgr.playlist_tracks;

-- Fields that cannot be used do not keep the others out.
SELECT sgr_import('{"kind":"track","id":3,"title":"a\u0000b","duration":"long","playback_count":1e400,"isrc":"nonsense","created_at":"0000/01/01 00:00:00 +0000","bpm":-3,"genre":"\ud800","likes_count":7}', 'bad fields');
SELECT what, found, rejected FROM sgr_clean() WHERE what IN ('documents', 'objects', 'fields');
SELECT track_id, title, duration_ms, playback_count, likes_count, isrc, bpm, genre FROM sgr.tracks WHERE track_id = 3;
SELECT reason, path, value FROM sgr.quarantine WHERE document_id = (SELECT max(document_id) FROM sgr.raw_documents) ORDER BY path;

-- A mended line is taken at the second try.
UPDATE sgr.quarantine SET body = '{"kind":"user","id":11,"username":"Noor"}' WHERE body = 'not JSON';
SELECT * FROM sgr_quarantine_retry('bad_json');
SELECT user_id, name FROM sgr.users ORDER BY 1;
SELECT * FROM sgr_quarantine_retry('no_such_reason');

-- What listeners did, by the URL that a page came from.
SELECT sgr_import('{"collection":[{"kind":"track","id":1},{"kind":"track","id":3}],"next_href":null}', 'https://api.soundcloud.com/users/5/likes/tracks');
-- The same page of another user is another document; brought again it is not.
SELECT sgr_import('{"collection":[{"kind":"track","id":1},{"kind":"track","id":3}],"next_href":null}', 'https://api.soundcloud.com/users/11/likes/tracks');
SELECT sgr_import('{"collection":[{"kind":"track","id":1},{"kind":"track","id":3}],"next_href":null}', 'https://api.soundcloud.com/users/11/likes/tracks');
SELECT sgr_import('{"collection":[{"kind":"user","id":12,"username":"Sol"}],"next_href":null}', 'https://api.soundcloud.com/users/5/followings');
SELECT what, found, inserted FROM sgr_clean() WHERE what IN ('interactions', 'follows');
SELECT user_id, track_id, kind FROM sgr.interactions ORDER BY 1, 2;
SELECT * FROM sgr.follows;

-- engagement: bounded, comparable across sizes, NULL where counts are hidden.
SELECT plays, likes, round(sgr.engagement(plays, likes, reposts, comments, '2020-01-01', '2021-01-01')::numeric, 3)
FROM (VALUES (0, 0, 0, 0), (100, 4, 0, 0), (1000000, 40000, 0, 0), (1000000, 400000, 0, 0), (100, NULL, 3, NULL),
             (NULL, 5, 5, 5), (100, NULL, NULL, NULL), (9223372036854775807, 9223372036854775807, 9223372036854775807, 0)) AS c (plays, likes, reposts, comments);
SELECT sgr.engagement(100, 4, 0, 0, NULL, now()) = sgr.engagement(100, 4, 0, 0, '-infinity', 'infinity') AS without_time;

-- Refusals.
SELECT sgr_import(NULL);
SELECT sgr_import('{}', NULL);
SELECT sgr_import_jsonl(NULL);
SELECT sgr_import_jsonl('relative.jsonl');
SELECT sgr_import_jsonl('/no/such/file.jsonl');
SELECT sgr_import_jsonl('/tmp');
SELECT sgr_clean(threads => 1000);
\set VERBOSITY terse
INSERT INTO sgr.raw_documents (body, fetched_at) VALUES ('{}', 'infinity');
\set VERBOSITY default
CREATE ROLE test_reader;
SET ROLE test_reader;
SELECT sgr_import_jsonl('/etc/passwd');
SELECT sgr_import('{}');
SELECT * FROM sgr_clean();
RESET ROLE;
DROP ROLE test_reader;
