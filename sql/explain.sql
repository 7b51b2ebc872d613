-- Twins of the explaining functions that name tracks by an id, a urn or a URL; comments.

CREATE FUNCTION sgr_explain(track text, candidate text, profile text DEFAULT 'default')
RETURNS TABLE (
    part text, rank integer, reason text, weight double precision, value double precision,
    contribution double precision, share_percent double precision, detail text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
AS $$
    SELECT * FROM @extschema@.sgr_explain_user(
        (CASE WHEN pg_catalog.btrim($1) ~ '^user:-?[0-9]{1,18}$' THEN pg_catalog.substr(pg_catalog.btrim($1), 6) END)::bigint,
        @extschema@.sgr_track_id($2), $3)
    WHERE pg_catalog.btrim($1) ~ '^user:-?[0-9]{1,18}$'
    UNION ALL
    SELECT * FROM @extschema@.sgr_explain(@extschema@.sgr_track_id($1), @extschema@.sgr_track_id($2), $3)
    WHERE $1 IS NULL OR pg_catalog.btrim($1) !~ '^user:-?[0-9]{1,18}$'
$$;

CREATE FUNCTION sgr_explain_user(
    user_id bigint, candidate text, profile text DEFAULT 'default', model text DEFAULT NULL)
RETURNS TABLE (
    part text, rank integer, reason text, weight double precision, value double precision,
    contribution double precision, share_percent double precision, detail text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
AS $$
    SELECT * FROM @extschema@.sgr_explain_user($1, @extschema@.sgr_track_id($2), $3, $4)
$$;

CREATE FUNCTION sgr_explanations(
    track text, candidate text, profile text DEFAULT 'default', counterfactuals integer DEFAULT 5,
    evidence integer DEFAULT 10, paths integer DEFAULT 3)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
AS $$
    SELECT CASE WHEN pg_catalog.btrim($1) ~ '^user:-?[0-9]{1,18}$'
        THEN @extschema@.sgr_explanations_user(
            (CASE WHEN pg_catalog.btrim($1) ~ '^user:-?[0-9]{1,18}$' THEN pg_catalog.substr(pg_catalog.btrim($1), 6) END)::bigint,
            @extschema@.sgr_track_id($2), $3, $4, $5, $6)
        ELSE @extschema@.sgr_explanations(@extschema@.sgr_track_id($1), @extschema@.sgr_track_id($2), $3, $4, $5, $6) END
$$;

CREATE FUNCTION sgr_explanations_user(
    user_id bigint, candidate text, profile text DEFAULT 'default', counterfactuals integer DEFAULT 5,
    evidence integer DEFAULT 10, paths integer DEFAULT 3)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL RESTRICTED
AS $$
    SELECT @extschema@.sgr_explanations_user($1, @extschema@.sgr_track_id($2), $3, $4, $5, $6)
$$;

ALTER FUNCTION sgr_explain(bigint, bigint, text) ROWS 20 COST 2000;
ALTER FUNCTION sgr_explain_user(bigint, bigint, text, text) ROWS 20 COST 20000;
ALTER FUNCTION sgr_explanations(bigint, bigint, text, integer, integer, integer) COST 50000;
ALTER FUNCTION sgr_explanations_user(bigint, bigint, text, integer, integer, integer) COST 500000;

COMMENT ON FUNCTION sgr_explain(bigint, bigint, text) IS
    'Why sgr_recommend(track) proposes the candidate. part: signal, one row per signal, whose contributions sum to the score (weight times a value in [0,1], share in percent of the score); score, with the candidate''s rank, NULL if no signal proposes it; path: the best paths, as sgr_paths; evidence: playlists, users, tags, artists in common, as far as the caller may read them. Errors: 42704 unknown track or profile, 22023 a track beside itself, 55000 nothing refreshed or no graph';
COMMENT ON FUNCTION sgr_explain(text, text, text) IS 'sgr_explain for tracks named by their id, urn or URL; ''user:7'' as the first is sgr_explain_user';
COMMENT ON FUNCTION sgr_explain_user(bigint, bigint, text, text) IS
    'Why sgr_recommend_user(user_id) proposes the candidate, by the signals: as sgr_explain, with the user''s tracks that carried it. By a blend (model, or the active one): part intercept and term, whose contributions sum to the score, the log-odds. Which of them answers is as in sgr_recommend_user. A name of its own, because two bigints do not tell a user from a track. Errors: 42704 unknown user, track, profile or model, 22023 a model whose scores are no sum, 55000 nothing refreshed or no graph';
COMMENT ON FUNCTION sgr_explain_user(bigint, text, text, text) IS
    'sgr_explain_user for a candidate named by its id, urn or URL';
COMMENT ON FUNCTION sgr_explanations(bigint, bigint, text, integer, integer, integer) IS
    'sgr_explain as jsonb, by docs/explanations.schema.json: score, rank, confidence, contributions, paths, paths (at most so many, as sgr_paths), evidence (rows of sgr.kg_triples, at most so many pieces of each sort), counterfactuals (at most so many; 0 looks for none): evidence without which the candidate would have another rank, by computing the score again. Errors: as sgr_explain, 22023 negative counterfactuals, evidence or paths, over 1,000 paths';
COMMENT ON FUNCTION sgr_explanations(text, text, text, integer, integer, integer) IS
    'sgr_explanations for tracks named by their id, urn or URL; ''user:7'' as the first is sgr_explanations_user';
COMMENT ON FUNCTION sgr_explanations_user(bigint, bigint, text, integer, integer, integer) IS
    'sgr_explain_user as jsonb, by docs/explanations.schema.json: as sgr_explanations, and seeds, the user''s tracks that carried the candidate';
COMMENT ON FUNCTION sgr_explanations_user(bigint, text, text, integer, integer, integer) IS
    'sgr_explanations_user for a candidate named by its id, urn or URL';
