-- sgr_build_kg: every stage, again without a change, then one changed playlist.
\set SHOW_CONTEXT never
CALL test.reset();
\set columns 'stage, outcome, rows_in, rows_out, rejected, detail'
SELECT count(*) FROM sgr_demo_load(300, 100, 80, 7, 4);
SELECT sgr_import('{"kind":"track","id":100001,"title":"Fresh","user":{"id":100001,"username":"New One"},"genre":"Jazz"}');
SELECT stage, outcome, rows_in, rows_out > 0 AS written, rejected FROM sgr_build_kg();
-- The second run changes nothing and says so.
SELECT stage, outcome, rows_in, rows_out, rejected FROM sgr_build_kg() WHERE stage <> 'validate';
-- One playlist changes: only its part is redone.
UPDATE sgr.playlist_tracks SET track_id = 100001 WHERE playlist_id = 3 AND position = 1;
SELECT stage, outcome, regexp_replace(detail, ' co_occurs_with.*', '') AS detail FROM sgr_build_kg() WHERE stage IN ('clean', 'fuse', 'triples');
SELECT count(*) FROM sgr.runs WHERE task = 'validate';
-- Some stages, in their own order.
SELECT stage, outcome FROM sgr_build_kg('{triples,clean}');
-- A failing stage is named, and nothing of the others stays.
SELECT sgr_import('{"kind":"track","id":100002,"title":"Lost"}');
ALTER TABLE sgr.credits ADD CONSTRAINT never CHECK (false) NOT VALID;
UPDATE sgr.tracks SET title = 'Duet (feat. Somebody Else)' WHERE track_id = 1;
SELECT count(*) FROM sgr_build_kg();
SELECT count(*) FROM sgr.tracks WHERE track_id = 100002;
ALTER TABLE sgr.credits DROP CONSTRAINT never;
-- Refusals.
SELECT sgr_build_kg('{clean,polish}');
SELECT sgr_build_kg(NULL);
SELECT sgr_build_kg('{}');
SELECT sgr_build_kg(mode => 'fast');
