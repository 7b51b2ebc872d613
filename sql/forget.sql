-- Taking out what a person or a provider's terms want taken out, and all that was made of it.

-- Deleting notes what changed (triggers); the refresh works on that.
CREATE FUNCTION sgr.remove_rows(users bigint[], artists bigint[], tracks bigint[], playlists bigint[], documents bigint[])
RETURNS TABLE (what text, removed bigint)
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH users AS (DELETE FROM sgr.users WHERE user_id = ANY ($1) RETURNING 1),
         follows AS (DELETE FROM sgr.follows WHERE user_id = ANY ($1) OR followed_id = ANY ($1) RETURNING 1),
         interactions AS (DELETE FROM sgr.interactions WHERE user_id = ANY ($1) OR track_id = ANY ($3) RETURNING 1),
         artists AS (DELETE FROM sgr.artists WHERE artist_id = ANY ($2) RETURNING 1),
         track_artists AS (DELETE FROM sgr.track_artists WHERE artist_id = ANY ($2) OR track_id = ANY ($3) RETURNING 1),
         tracks AS (DELETE FROM sgr.tracks WHERE track_id = ANY ($3) RETURNING 1),
         playlists AS (DELETE FROM sgr.playlists WHERE playlist_id = ANY ($4) RETURNING 1),
         playlist_tracks AS (
             DELETE FROM sgr.playlist_tracks WHERE playlist_id = ANY ($4) OR track_id = ANY ($3) RETURNING 1),
         entity_aliases AS (
             DELETE FROM sgr.entity_aliases
             WHERE (kind = 'artist' AND (alias_key = ANY ($2::text[]) OR canonical_key = ANY ($2::text[])))
                OR (kind = 'playlist' AND (alias_key = ANY ($4::text[]) OR canonical_key = ANY ($4::text[])))
             RETURNING 1),
         quarantine AS (DELETE FROM sgr.quarantine WHERE document_id = ANY ($5) RETURNING 1),
         raw_documents AS (DELETE FROM sgr.raw_documents WHERE document_id = ANY ($5) RETURNING 1),
         -- An incremental refresh passes over users who have no likes any more.
         user_features AS (DELETE FROM sgr.user_features WHERE user_id = ANY ($1)),
         -- So does one of some kinds over tracks.
         track_features AS (DELETE FROM sgr.track_features WHERE track_id = ANY ($3))
    SELECT 'artists', count(*) FROM artists
    UNION ALL SELECT 'entity_aliases', count(*) FROM entity_aliases
    UNION ALL SELECT 'follows', count(*) FROM follows
    UNION ALL SELECT 'interactions', count(*) FROM interactions
    UNION ALL SELECT 'playlist_tracks', count(*) FROM playlist_tracks
    UNION ALL SELECT 'playlists', count(*) FROM playlists
    UNION ALL SELECT 'quarantine', count(*) FROM quarantine
    UNION ALL SELECT 'raw_documents', count(*) FROM raw_documents
    UNION ALL SELECT 'track_artists', count(*) FROM track_artists
    UNION ALL SELECT 'tracks', count(*) FROM tracks
    UNION ALL SELECT 'users', count(*) FROM users
$$;
COMMENT ON FUNCTION sgr.remove_rows(bigint[], bigint[], bigint[], bigint[], bigint[]) IS
    'Deletes users, artists, tracks, playlists and documents with all rows of the catalogue that name them; how many of each table';

CREATE FUNCTION sgr.refresh_derived() RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    counted record;
    limits  jsonb;
BEGIN
    IF EXISTS (SELECT FROM sgr.stage_state AS s WHERE s.stage = 'fuse') THEN
        PERFORM FROM @extschema@.sgr_fuse(min_similarity => (
            SELECT (s.parameters ->> 'min_similarity')::double precision FROM sgr.stage_state AS s WHERE s.stage = 'fuse'));
    END IF;
    -- All four kinds at once, if they were counted alike: that writes the features too.
    FOR counted IN
        SELECT DISTINCT CASE WHEN count(*) OVER alike < 4 THEN s.basket END AS basket,
               CASE WHEN count(*) OVER alike < 4 THEN s.item END AS item,
               r.top_k, r.rank_by, r.min_together, r.max_basket_len, r.max_per_owner, r.since, r.public_only
        FROM sgr.cooccurrence_state AS s
        CROSS JOIN LATERAL jsonb_to_record(s.parameters) AS r (
            top_k integer, rank_by text, min_together integer, max_basket_len integer, max_per_owner integer,
            since timestamptz, public_only boolean)
        WINDOW alike AS (
            PARTITION BY r.top_k, r.rank_by, r.min_together, r.max_basket_len, r.max_per_owner, r.since, r.public_only)
    LOOP
        PERFORM FROM @extschema@.sgr_cooccur_refresh(
            counted.basket, counted.item, counted.top_k, counted.rank_by, counted.min_together, counted.max_basket_len,
            counted.max_per_owner, counted.since, public_only => counted.public_only);
    END LOOP;
    IF FOUND THEN
        -- A refresh keeps what its own transaction noted, for it cannot tell what came after it; here nothing did.
        DELETE FROM sgr.cooccurrence_changes AS c WHERE c.changed_by = pg_current_xact_id();
    END IF;
    SELECT s.parameters INTO limits FROM sgr.stage_state AS s WHERE s.stage = 'triples';
    IF FOUND THEN
        PERFORM FROM @extschema@.sgr_triples_refresh(
            (limits ->> 'co_occurs_limit')::integer, (limits ->> 'similar_taste_limit')::integer);
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.refresh_derived() IS
    'Runs again, with the arguments of the last time, those of sgr_fuse, sgr_cooccur_refresh and sgr_triples_refresh that have run before';

CREATE FUNCTION sgr.without(items bigint[], removed bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT i.item FROM unnest(items) WITH ORDINALITY AS i (item, place)
             WHERE i.item <> ALL (removed) ORDER BY i.place);
COMMENT ON FUNCTION sgr.without(bigint[], bigint[]) IS 'The items that were not removed, in their order';

CREATE FUNCTION sgr_forget(user_id bigint)
RETURNS TABLE (what text, removed bigint)
LANGUAGE plpgsql VOLATILE ROWS 15
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    forgotten CONSTANT bigint := sgr_forget.user_id;
    playlists bigint[];
    artists   bigint[];
    tracks    bigint[];
    documents bigint[];
    -- Where URLs name a user, and where documents have his id; his pages come to it.
    named     text := format('users(:|/|%%3A)%s($|[^0-9])|"(id|user_id)"\s*:\s*"?%s($|[^0-9])', forgotten, forgotten);
    elsewhere text;
    crawling  bigint[];
BEGIN
    IF forgotten IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'user_id must not be NULL';
    END IF;
    IF row_security_active('sgr.jobs') THEN
        RAISE insufficient_privilege USING
            MESSAGE = 'sgr_forget() must see the jobs of all roles',
            DETAIL = 'row-level security shows a role its own, and a crawl of another role may name the user',
            HINT = 'call it as the owner of the extension, or as a role with BYPASSRLS';
    END IF;
    -- Models and splits that are being stored have read the user already (run.rs): those are waited for, others see that he has gone.
    PERFORM pg_advisory_xact_lock(8315741025589067785);
    -- The lock of the stages: one that has read documents already would write the user again.
    PERFORM pg_advisory_xact_lock(8315741025589067778);
    SELECT string_agg(format('%s (for sgr.%s)', s.relation, s.role), ', ' ORDER BY s.role) INTO elsewhere
    FROM sgr.sources AS s
    WHERE CASE s.role
        WHEN 'users' THEN EXISTS (SELECT FROM sgr.source_users AS u WHERE u.user_id = forgotten)
        WHEN 'interactions' THEN EXISTS (SELECT FROM sgr.source_interactions AS i WHERE i.user_id = forgotten)
        WHEN 'playlists' THEN EXISTS (SELECT FROM sgr.source_playlists AS p WHERE p.owner_id = forgotten) END;
    IF elsewhere IS NOT NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = format('user %s stands in relations of yours', forgotten),
            DETAIL = elsewhere,
            HINT = 'delete the user''s rows there, then call sgr_forget() again';
    END IF;
    -- None of those that wait begins before this transaction has ended.
    PERFORM FROM sgr.jobs AS j WHERE j.state = 'queued' AND j.task IN ('ingest_crawl', 'ingest_search') FOR UPDATE;
    -- What it has read it would write again. It goes on from its last page when it is tried again.
    crawling := ARRAY(SELECT j.job_id FROM sgr.jobs AS j
                      WHERE j.state = 'running' AND j.task IN ('ingest_crawl', 'ingest_search') AND sgr.job_is_held(j.job_id)
                      ORDER BY j.job_id);
    IF crawling <> '{}' THEN
        RAISE object_in_use USING
            MESSAGE = 'a crawl is running, and may know the user',
            DETAIL = 'job ' || array_to_string(crawling, ', '),
            HINT = 'sgr_job_cancel() it, forget the user, then sgr_job_retry() it';
    END IF;
    playlists := ARRAY(SELECT p.playlist_id FROM sgr.playlists AS p WHERE p.owner_id = forgotten);
    -- An artist and a user of one number are the same account only if the artist's urn says so. Most artists have no row as users.
    artists := ARRAY(SELECT a.artist_id FROM sgr.artists AS a
                     WHERE a.urn = format('soundcloud:users:%s', forgotten)
                        OR a.urn = (SELECT u.urn FROM sgr.users AS u WHERE u.user_id = forgotten));
    SELECT concat_ws('|', named, string_agg(DISTINCT regexp_replace(page, '([^A-Za-z0-9/:_-])', '\\\1', 'g') || '($|[^A-Za-z0-9_-])', '|'))
    INTO named
    FROM (SELECT u.permalink_url FROM sgr.users AS u WHERE u.user_id = forgotten
          UNION ALL SELECT a.permalink_url FROM sgr.artists AS a WHERE a.artist_id = ANY (artists)) AS p (page)
    WHERE page <> '';
    tracks := ARRAY(SELECT t.track_id FROM sgr.tracks AS t WHERE t.artist_id = ANY (artists));
    documents := ARRAY(SELECT d.document_id FROM sgr.raw_documents AS d WHERE d.source ~ named OR d.body ~ named);

    -- What was learned from a user cannot be taken out of a model.
    what := 'models';
    SELECT count(*) INTO removed FROM (
        SELECT @extschema@.sgr_model_drop(m.model_id) FROM sgr.models AS m
        WHERE EXISTS (SELECT FROM sgr.model_arrays AS a
                      WHERE a.model_id = m.model_id AND (a.array_name = 'users' AND a.ids && CASE
                                                             WHEN EXISTS (SELECT FROM sgr.eval_splits AS s
                                                                          WHERE s.split_id = m.split_id AND s.protocol = 'playlist')
                                                             THEN playlists ELSE ARRAY[forgotten] END
                                                       OR a.array_name = 'items' AND a.ids && tracks))
           OR EXISTS (SELECT FROM sgr.entity_embeddings AS v JOIN sgr.entities AS e ON e.entity_id = v.entity_id
                      WHERE v.model_id = m.model_id AND e.graph_id = 0
                        AND (e.kind = 'user' AND e.key = forgotten::text
                             OR e.kind = 'playlist' AND e.key = ANY (playlists::text[])
                             OR e.kind = 'track' AND e.key = ANY (tracks::text[])))) AS dropped;
    RETURN NEXT;
    what := 'eval_rows';
    WITH gone AS (
        DELETE FROM sgr.eval_rows AS r USING sgr.eval_splits AS s
        WHERE s.split_id = r.split_id
          AND r.user_id = ANY (CASE s.protocol WHEN 'playlist' THEN playlists ELSE ARRAY[forgotten] END)
        RETURNING 1)
    SELECT count(*) INTO removed FROM gone;
    RETURN NEXT;
    -- Others had the tracks. The counts of a split stay those of its making.
    UPDATE sgr.eval_rows AS r
    SET train = sgr.without(r.train, tracks), train_negatives = sgr.without(r.train_negatives, tracks),
        validation = sgr.without(r.validation, tracks), validation_negatives = sgr.without(r.validation_negatives, tracks),
        test = sgr.without(r.test, tracks), test_negatives = sgr.without(r.test_negatives, tracks)
    WHERE r.train && tracks OR r.train_negatives && tracks OR r.validation && tracks OR r.validation_negatives && tracks
       OR r.test && tracks OR r.test_negatives && tracks;
    -- What has not come to its end would go on with what it knows, so it begins anew: a training, and a crawl that has met
    -- the user. The worker of one that runs may be gone.
    PERFORM FROM sgr.jobs_requeue();
    UPDATE sgr.jobs AS j SET checkpoint = NULL
    WHERE j.checkpoint IS NOT NULL AND j.state <> 'running'
      AND (j.task NOT IN ('ingest_crawl', 'ingest_search') OR j.checkpoint ~ named
           OR EXISTS (SELECT FROM sgr.crawl_things AS t
                      WHERE t.job_id = j.job_id
                        AND (t.kind = 'user' AND t.thing_id = forgotten
                             OR t.kind = 'playlist' AND t.thing_id = ANY (playlists)
                             OR t.kind = 'track' AND t.thing_id = ANY (tracks))));
    DELETE FROM sgr.job_numbers AS n USING sgr.jobs AS j WHERE j.job_id = n.job_id AND j.state <> 'running';
    DELETE FROM sgr.crawl_things AS t USING sgr.jobs AS j
    WHERE j.job_id = t.job_id AND j.state <> 'running' AND j.checkpoint IS NULL;
    what := 'jobs';
    WITH gone AS (
        DELETE FROM sgr.jobs AS j
        WHERE j.state <> 'running'
          AND concat_ws(' ', j.args, j.result, j.message, j.error, j.detail, j.hint) ~ named
        RETURNING 1)
    SELECT count(*) INTO removed FROM gone;
    RETURN NEXT;
    what := 'runs';
    WITH gone AS (
        DELETE FROM sgr.runs AS r WHERE concat_ws(' ', r.parameters, r.result) ~ named
            AND r.task IN ('ingest_crawl', 'ingest_search')
        RETURNING 1)
    SELECT count(*) INTO removed FROM gone;
    RETURN NEXT;
    -- Lines of files that were no documents are kept in quarantine alone.
    what := 'quarantine';
    WITH gone AS (
        DELETE FROM sgr.quarantine AS q WHERE q.document_id IS NULL AND (q.source ~ named OR q.body ~ named OR q.value ~ named)
        RETURNING 1)
    SELECT count(*) INTO removed FROM gone;
    FOR what, removed IN
        SELECT r.what, r.removed + CASE r.what WHEN 'quarantine' THEN sgr_forget.removed ELSE 0 END
        FROM sgr.remove_rows(ARRAY[forgotten], artists, tracks, playlists, documents) AS r
    LOOP
        RETURN NEXT;
    END LOOP;
    PERFORM sgr.refresh_derived();
END
$$;
COMMENT ON FUNCTION sgr_forget(bigint) IS
    'Removes a user everywhere, in one transaction: the user''s row, likes, follows, playlists with their entries, rows of splits (whose counts stay those of their making), every document in which the id stands (as "id" or "user_id", whatever it identifies, or behind "users" in a URL or urn, or the address of the page), models that learned from the user, jobs that do not run and runs of crawls that name the user, checkpoints of trainings and of crawls that have met the user, unless they run (a training that runs is refused when it stores, and what it has learned goes then), the artist with the same urn with all tracks, and by a refresh all that was derived. The next crawl brings back what is public. One row per table: what, rows removed. Errors: 22004 NULL; 42501 row-level security hides jobs; 55006 a crawl runs; 55000 the user stands in a relation set by sgr_source_set(), which is yours to change';

CREATE FUNCTION sgr_purge(source text, older_than interval)
RETURNS TABLE (what text, removed bigint)
LANGUAGE plpgsql VOLATILE ROWS 11
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    purged CONSTANT text := sgr_purge.source;
    before timestamptz;
BEGIN
    IF purged IS NULL OR older_than IS NULL THEN
        RAISE null_value_not_allowed USING
            MESSAGE = format('%s must not be NULL', CASE WHEN purged IS NULL THEN 'source' ELSE 'older_than' END);
    ELSIF older_than < interval '0' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('older_than must not be negative, not %s', older_than),
            HINT = 'interval ''0'' removes everything of the source';
    END IF;
    before := pg_catalog.clock_timestamp() - older_than;
    PERFORM pg_advisory_xact_lock(8315741025589067778);
    RETURN QUERY SELECT r.what, r.removed FROM sgr.remove_rows(
        ARRAY(SELECT u.user_id FROM sgr.users AS u WHERE u.source = purged AND u.fetched_at <= before),
        ARRAY(SELECT a.artist_id FROM sgr.artists AS a WHERE a.source = purged AND a.fetched_at <= before),
        ARRAY(SELECT t.track_id FROM sgr.tracks AS t WHERE t.source = purged AND t.fetched_at <= before),
        ARRAY(SELECT p.playlist_id FROM sgr.playlists AS p WHERE p.source = purged AND p.fetched_at <= before),
        ARRAY(SELECT d.document_id FROM sgr.raw_documents AS d WHERE d.provider = purged AND d.fetched_at <= before)) AS r;
    PERFORM sgr.refresh_derived();
END
$$;
COMMENT ON FUNCTION sgr_purge(text, interval) IS
    'Removes what came from a source (soundcloud, demo, …) and was last fetched longer ago than older_than: documents, users, artists, tracks, playlists, and rows that name them; then refreshes what was derived. A like, a follow and an entry of a playlist have no time of their own: they go with their user, track or playlist. Models, rows of splits and quarantined lines of files stay. One row per table: what, rows removed. Errors: 22004 NULL, 22023 negative interval';
