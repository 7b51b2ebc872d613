-- Functions that need nothing native, and what pgrx cannot say: comments and row estimates.

CREATE FUNCTION sgr_signal_set(signal text, weight double precision, profile text DEFAULT 'default')
RETURNS TABLE (signal_name text, signal_weight double precision, share double precision)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF signal IS NULL OR NOT EXISTS (SELECT FROM sgr.signal_defaults AS d WHERE d.signal = sgr_signal_set.signal) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown signal %s', coalesce('"' || signal || '"', 'NULL')),
            HINT = (SELECT 'use one of ' || string_agg(d.signal, ', ' ORDER BY d.ordinal) FROM sgr.signal_defaults AS d);
    END IF;
    IF profile IS NULL OR profile = '' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'profile must have a name';
    END IF;
    IF weight IS NULL THEN
        DELETE FROM sgr.signal_weights AS w WHERE w.profile = sgr_signal_set.profile AND w.signal = sgr_signal_set.signal;
    ELSIF NOT (weight >= 0 AND weight < 'Infinity') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('invalid weight %s', weight),
            HINT = 'a weight is finite and not negative; NULL goes back to the shipped one';
    ELSE
        INSERT INTO sgr.signal_weights AS w (profile, signal, weight)
        VALUES (sgr_signal_set.profile, sgr_signal_set.signal, sgr_signal_set.weight)
        ON CONFLICT ON CONSTRAINT signal_weights_pkey DO UPDATE SET weight = excluded.weight;
    END IF;
    -- Without a model the embedding has no part.
    IF (SELECT sum(coalesce(w.weight, d.weight)) = 0
        FROM sgr.signal_defaults AS d
        LEFT JOIN sgr.signal_weights AS w ON w.profile = sgr_signal_set.profile AND w.signal = d.signal
        WHERE d.signal <> 'embedding' OR EXISTS (SELECT FROM sgr.models AS m WHERE m.is_active AND m.graph_id = 0)) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('all weights of profile "%s" would be 0', profile),
            HINT = 'give another signal a weight first';
    END IF;
    RETURN QUERY
        SELECT s.signal, s.weight, s.share FROM sgr.signals AS s
        WHERE s.profile = sgr_signal_set.profile ORDER BY s.ordinal;
END
$$;

-- Twins that name the track by an id, a urn or a URL.

CREATE FUNCTION sgr_recommend(
    track text, k integer DEFAULT 10, exclude_same_artist boolean DEFAULT false, genres text[] DEFAULT NULL,
    tags text[] DEFAULT NULL, profile text DEFAULT 'default')
RETURNS TABLE (
    rank integer, track_id bigint, title text, artist text, score double precision, by_playlists double precision,
    by_likes double precision, by_tags double precision, by_artist double precision, by_popularity double precision, by_embedding double precision,
    confidence double precision, fallback text, because text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
AS $$
    SELECT * FROM @extschema@.sgr_recommend(@extschema@.sgr_track_id($1), $2, $3, $4, $5, $6)
$$;

CREATE FUNCTION sgr_related(
    track text, k integer DEFAULT 10, basket text DEFAULT 'playlist', measure text DEFAULT 'cosine',
    exclude_same_artist boolean DEFAULT false, min_together integer DEFAULT 1)
RETURNS TABLE (
    rank integer, track_id bigint, title text, artist text, score double precision, together bigint,
    cosine double precision, jaccard double precision, lift double precision)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
AS $$
    SELECT * FROM @extschema@.sgr_related(@extschema@.sgr_track_id($1), $2, $3, $4, $5, $6)
$$;

CREATE FUNCTION sgr_similar_tags(track text, k integer DEFAULT 10)
RETURNS TABLE (
    rank integer, track_id bigint, title text, artist text, similarity double precision,
    overlap_percent double precision, shared_tags text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
AS $$
    SELECT * FROM @extschema@.sgr_similar_tags(@extschema@.sgr_track_id($1), $2)
$$;

CREATE FUNCTION sgr_unveil(track text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT @extschema@.sgr_unveil(@extschema@.sgr_track_id($1)) $$;

CREATE FUNCTION sgr_profile(track text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT @extschema@.sgr_profile(@extschema@.sgr_track_id($1)) $$;

-- What the planner should expect of the native ones.
ALTER FUNCTION sgr_recommend(bigint, integer, boolean, text[], text[], text) ROWS 10 COST 1000;
ALTER FUNCTION sgr_recommend_user(bigint, integer, boolean, text[], text[], text, text) ROWS 10 COST 10000;
ALTER FUNCTION sgr_related(bigint, integer, text, text, boolean, integer) ROWS 10 COST 200;
ALTER FUNCTION sgr_similar_tags(bigint, integer) ROWS 10 COST 1000;
ALTER FUNCTION sgr_related_artists(bigint, integer) ROWS 10 COST 500;
ALTER FUNCTION sgr_similar_users(bigint, integer) ROWS 10 COST 10000;
ALTER FUNCTION sgr_cooccur_refresh(text, text, integer, text, integer, integer, integer, timestamptz, integer, text, boolean) ROWS 5;
ALTER FUNCTION sgr_cooccur_estimate(text, text, integer, text, integer, integer, integer, timestamptz, integer, boolean) ROWS 4;
ALTER FUNCTION sgr_demo_load(integer, integer, integer, bigint, integer, boolean) ROWS 8;

COMMENT ON FUNCTION sgr_version() IS
    'Version of the loaded library; pg_extension.extversion is the version of the SQL objects';
COMMENT ON FUNCTION sgr_demo_load(integer, integer, integer, bigint, integer, boolean) IS
    'Fills the catalogue with a generated one: tracks, playlists, users (rows), seed, scenes (0: one per 500 tracks). The planted scene of a track is (track_id - 1) % scenes. replace => true first deletes every row of the catalogue. Errors: 55000 catalogue not empty, 22023 size out of range, 53000 over sgr_graph.memory_limit';
COMMENT ON FUNCTION sgr_track_id(text) IS
    'The id of a track named by its id, its urn (soundcloud:tracks:42) or its URL. Errors: 42704 not found, with likely URLs in the hint; 22023 neither id nor urn nor URL';
COMMENT ON FUNCTION sgr_cooccur_refresh(text, text, integer, text, integer, integer, integer, timestamptz, integer, text, boolean) IS
    'Counts co-occurrence anew. basket: playlist, like, tag, NULL for all; item: track, artist, NULL for both; top_k: neighbours kept per item, NULL keeps all; rank_by: cosine, together, jaccard, lift, weighted_cosine; min_together: fewest common baskets; max_basket_len: longer baskets are skipped; max_per_owner: most baskets of one owner that count for a pair; since: only entries added then or later; threads: 0 or NULL as sgr_graph.threads; mode: auto, full, incremental; public_only: only playlists whose row says is_public count, likes as ever. One row per kind, one per row of sgr.runs. Errors: 22023 bad argument, 53000 over sgr_graph.memory_limit, 55000 incremental not possible, or not known which playlists are public';
COMMENT ON FUNCTION sgr_cooccur_estimate(text, text, integer, text, integer, integer, integer, timestamptz, integer, boolean) IS
    'What sgr_cooccur_refresh with these arguments would take, without doing it: entries, baskets, items and pair increments exactly, memory in bytes, rows and pairs by counting a sample of items';
COMMENT ON FUNCTION sgr_related(bigint, integer, text, text, boolean, integer) IS
    'Tracks that stand in the same playlists (basket => ''playlist'') or are liked by the same users (''like''), best first by measure: cosine, together, jaccard, lift, weighted_cosine. Errors: 42704 unknown track, 22023 bad argument, 55000 before the first refresh';
COMMENT ON FUNCTION sgr_related(text, integer, text, text, boolean, integer) IS
    'sgr_related for a track named by its id, urn or URL';
COMMENT ON FUNCTION sgr_similar_tags(bigint, integer) IS
    'Tracks with the most similar tags: similarity is the cosine of IDF-weighted tag vectors in [0,1], overlap_percent the shared tags in percent of all tags of the two; the genre counts as a tag. Exact over all tracks, as of the last refresh. Errors: 42704 unknown track';
COMMENT ON FUNCTION sgr_similar_tags(text, integer) IS 'sgr_similar_tags for a track named by its id, urn or URL';
COMMENT ON FUNCTION sgr_related_artists(bigint, integer) IS
    'Artists in the same playlists, with the same fans, or credited on the same tracks: score = 0.5 * cosine by playlists + 0.3 * cosine by fans + 0.2 * c/(c+1) with c collaborations. Errors: 42704 unknown artist, 55000 before the first refresh';
COMMENT ON FUNCTION sgr_similar_users(bigint, integer) IS
    'Users who like the same tracks, best first by idf_cosine; idf_cosine weighs a track by its rarity among the counted users; jaccard = shared / tracks of either, overlap = shared / tracks of the one with fewer, all in [0,1]. Errors: 42704 user without likes';
COMMENT ON FUNCTION sgr_recommend(bigint, integer, boolean, text[], text[], text) IS
    'Exactly k tracks that go with a track, whenever k eligible ones exist. score is the sum of the by_… columns, each a weight of sgr.signals times a signal in [0,1]; confidence e/(e+5) with e pieces of evidence; fallback says what an answer without co-occurrence rests on. genres, tags: only tracks with one of them. Errors: 42704 unknown track or profile, 22023 bad argument, 55000 before the first refresh';
COMMENT ON FUNCTION sgr_recommend(text, integer, boolean, text[], text[], text) IS
    'sgr_recommend for a track named by its id, urn or URL';
COMMENT ON FUNCTION sgr_recommend_user(bigint, integer, boolean, text[], text[], text, text) IS
    'Exactly k tracks for a user, from his likes and the tracks of his playlists (the newest 1,000); columns as in sgr_recommend. include_known => true admits tracks that he has. model: a recommender of sgr_train whose scores rank the tracks instead of the signals; by_… and confidence are NULL then, and profile does not matter. NULL: the active blend, if there is one, it knows the user and no other profile is named; ''signals'': none. A blend''s score are log-odds, the sum of the terms that sgr_explain_user shows. Errors: 42704 unknown user, profile or model, 22023 bad argument, those of sgr_predict';
COMMENT ON FUNCTION sgr_signal_set(text, double precision, text) IS
    'Sets the weight of a signal (playlists, likes, tags, artist, popularity, embedding) in a profile, NULL for the shipped one; returns the profile. Weights are divided by their sum when used. Errors: 22023';
COMMENT ON FUNCTION sgr_unveil(bigint) IS
    'A report about a track for people: what it is, the playlists that hold it, related tracks by playlists and by tags, artist connections, engagement. Errors: 42704 unknown track, 55000 before the first refresh';
COMMENT ON FUNCTION sgr_unveil(text) IS 'sgr_unveil for a track named by its id, urn or URL';
COMMENT ON FUNCTION sgr_profile(bigint) IS
    'The report of sgr_unveil as jsonb: track, playlists, related, similar_tags, artist_connections';
COMMENT ON FUNCTION sgr_profile(text) IS 'sgr_profile for a track named by its id, urn or URL';

-- A view reads with its reader's rights and row-level security, not its owner's, wherever Postgres can do that.
DO $$
DECLARE
    view regclass;
BEGIN
    IF pg_catalog.current_setting('server_version_num')::integer >= 150000 THEN
        FOR view IN SELECT c.oid FROM pg_catalog.pg_class AS c
                    WHERE c.relkind = 'v' AND (c.relnamespace = 'sgr'::pg_catalog.regnamespace
                          OR c.oid IN ('@extschema@.sgr_models'::pg_catalog.regclass,
                                       '@extschema@.sgr_eval_splits'::pg_catalog.regclass))
        LOOP
            EXECUTE pg_catalog.format('ALTER VIEW %s SET (security_invoker = true)', view);
        END LOOP;
    END IF;
END
$$;
