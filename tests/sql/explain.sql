-- sgr_explain, sgr_explanations and their _user forms: by hand on a small catalogue, and what they refuse.
\set SHOW_CONTEXT never
CALL test.reset();
SELECT * FROM sgr_explain(1, 2);
\echo :SQLSTATE
INSERT INTO sgr.artists (artist_id, name) VALUES (10, 'Ann'), (20, 'Bob');
INSERT INTO sgr.tracks (track_id, urn, artist_id, title, genre, tags) VALUES
    (1, 'soundcloud:tracks:1', 10, 'Seed', 'Jazz', '{calm,Late  Night}'), (2, NULL, 20, 'In both', 'jazz', '{late night}'),
    (3, NULL, 10, 'Same artist', NULL, NULL), (4, NULL, 20, 'Worked together', NULL, '{loud}'), (5, NULL, 30, 'Unrelated', 'Rock', '{odd}');
INSERT INTO sgr.track_artists (track_id, artist_id) VALUES (4, 10);
INSERT INTO sgr.users (user_id, name) VALUES (1, 'Uma'), (2, 'Vic'), (3, 'Wim');
INSERT INTO sgr.playlists (playlist_id, owner_id, title) VALUES (1, 1, 'Study Vibes'), (2, 2, 'Road'), (3, 3, NULL);
INSERT INTO sgr.playlist_tracks VALUES (1, 1, 1), (1, 2, 2), (2, 1, 1), (2, 2, 2), (2, 3, 3), (3, 5, 1), (3, 4, 2), (9, 1, 1), (9, 4, 2);
INSERT INTO sgr.interactions (user_id, track_id) VALUES (2, 1), (2, 2), (3, 1), (3, 2), (3, 5);
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh();
SELECT * FROM sgr_explain(1, 2);
\echo :SQLSTATE
SELECT count(*) > 0 AS built FROM sgr_triples_refresh();

\set columns 'part, rank, reason, round(weight::numeric, 4) AS weight, round(value::numeric, 4) AS value, round(contribution::numeric, 4) AS contribution, round(share_percent::numeric, 2) AS share_percent, detail'
SELECT :columns FROM sgr_explain(1, 2);
-- The terms are the score.
SELECT (SELECT sum(contribution) FROM sgr_explain(1, track_id) WHERE part = 'signal') = score AS is_the_score,
       (SELECT e.rank FROM sgr_explain(1, track_id) AS e WHERE part = 'score') AS rank_of_explain, rank, title
FROM sgr_recommend(1);
SELECT :columns FROM sgr_explain(1, 4) WHERE part <> 'signal';
SELECT :columns FROM sgr_explain(1, 3) WHERE part <> 'signal';
-- What no signal proposes has its values, and no rank.
SELECT :columns FROM sgr_explain(3, 5);
-- Of a user: which of his tracks carried it. He has track 2 himself.
SELECT :columns FROM sgr_explain_user(2, 3);
SELECT :columns FROM sgr_explain_user(2, 2) WHERE part = 'score';
-- Another profile.
SELECT count(*) AS signals FROM sgr_signal_set('playlists', 0, 'no lists');
SELECT :columns FROM sgr_explain(1, 2, 'no lists') WHERE part IN ('signal', 'score');

-- As jsonb.
SELECT jsonb_pretty(sgr_explanations(1, 2) - 'contributions' - 'evidence');
SELECT x.* FROM jsonb_to_recordset(sgr_explanations(1, 2)->'evidence') AS x (head text, relation text, tail text, weight real, source text);
SELECT x.* FROM jsonb_to_recordset(sgr_explanations(1, 4)->'evidence') AS x (head text, relation text, tail text, weight real, source text);
SELECT x.* FROM jsonb_to_recordset(sgr_explanations_user(2, 3)->'evidence') AS x (head text, relation text, tail text, weight real, source text);
SELECT sgr_explanations_user(2, 3)->'seeds';
SELECT c->>'sentence' AS counterfactual FROM jsonb_array_elements(sgr_explanations(1, 3)->'counterfactuals') AS c;
SELECT c->>'sentence' AS counterfactual FROM jsonb_array_elements(sgr_explanations(1, 4)->'counterfactuals') AS c;
SELECT c->>'sentence' AS counterfactual FROM jsonb_array_elements(sgr_explanations_user(2, 3)->'counterfactuals') AS c;
SELECT jsonb_array_length(e->'counterfactuals') AS counterfactuals, jsonb_array_length(e->'evidence') AS evidence
FROM sgr_explanations(1, 2, counterfactuals => 0, evidence => 0) AS e;
-- A playlist that was fused stands under its canonical key.
SELECT count(*) AS fused FROM sgr_alias_set('playlist', '2', '1');
SELECT count(*) > 0 AS built FROM sgr_triples_refresh();
SELECT x.* FROM jsonb_to_recordset(sgr_explanations(1, 3)->'evidence') AS x (head text, relation text, tail text, weight real, source text);

-- What cannot be predicted exactly is left out, with a note.
SELECT sgr_explanations(1, 2)->'notes' AS notes;
INSERT INTO sgr.playlist_tracks VALUES (4, 1, 1), (4, 2, 2);
SELECT sgr_explanations(1, 2)->'notes' AS notes;
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh('playlist', 'track', rank_by => 'weighted_cosine');
SELECT sgr_explanations(1, 2)->'notes' AS notes;
SELECT count(*) AS refreshed FROM sgr_cooccur_refresh(rank_by => 'weighted_cosine');
SELECT sgr_explanations(1, 2)->'notes' AS notes;
INSERT INTO sgr.tracks (track_id, title, artist_id) VALUES (6, 'New', 10);
SELECT e->'rank' AS rank, e->'score' AS score, e->'notes' AS notes FROM sgr_explanations(1, 6) AS e;

-- Twins.
SELECT count(*) AS same FROM sgr_explain('soundcloud:tracks:1', '2') AS t JOIN sgr_explain(1, 2) AS i USING (part, rank, reason)
WHERE (t.value, t.contribution, t.detail) IS NOT DISTINCT FROM (i.value, i.contribution, i.detail);
SELECT sgr_explanations('soundcloud:tracks:1', '2') = sgr_explanations(1, 2) AS same,
       sgr_explanations_user(2, 'soundcloud:tracks:3') IS NOT NULL AS of_user,
       (SELECT count(*) FROM sgr_explain_user(2, '3')) = (SELECT count(*) FROM sgr_explain_user(2, 3)) AS same_rows;

-- Refusals.
SELECT * FROM sgr_explain(1, 1);
\echo :SQLSTATE
SELECT * FROM sgr_explain(1, 77);
\echo :SQLSTATE
SELECT * FROM sgr_explain(77, 1);
\echo :SQLSTATE
SELECT * FROM sgr_explain(NULL::bigint, 1);
\echo :SQLSTATE
SELECT * FROM sgr_explain(1, NULL::bigint);
\echo :SQLSTATE
SELECT * FROM sgr_explain(1, 2, NULL);
\echo :SQLSTATE
SELECT * FROM sgr_explain(1, 2, 'nobody''s');
\echo :SQLSTATE
SELECT * FROM sgr_explain('Seed', '2');
\echo :SQLSTATE
SELECT * FROM sgr_explain_user(77, 1);
\echo :SQLSTATE
SELECT * FROM sgr_explain_user(2, 77);
\echo :SQLSTATE
SELECT * FROM sgr_explain_user(NULL, 1);
\echo :SQLSTATE
SELECT sgr_explanations(1, 2, counterfactuals => -1);
\echo :SQLSTATE
SELECT sgr_explanations(1, 2, evidence => -1);
\echo :SQLSTATE
SELECT sgr_explanations(1, 2, counterfactuals => NULL);
\echo :SQLSTATE
SELECT sgr_explanations(1, 1);
\echo :SQLSTATE
SELECT sgr_explanations_user(2, 3, 'nobody''s');
\echo :SQLSTATE
CALL test.reset();
