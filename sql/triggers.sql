-- Noting which baskets changed, so that sgr_cooccur_refresh() can count only those again. One statement, one note per
-- basket: cheap under bulk COPY. The writer needs INSERT on sgr.cooccurrence_changes.

-- More baskets than this in one statement are noted as "everything": a full refresh is the cheaper way then.
CREATE FUNCTION sgr.note_baskets(basket text, basket_ids bigint[], publicity boolean DEFAULT false) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO sgr.cooccurrence_changes (basket, basket_id, publicity)
    SELECT note_baskets.basket, n.id, note_baskets.publicity
    FROM unnest(CASE WHEN cardinality(basket_ids) > 10000 THEN '{NULL}' ELSE basket_ids END) AS n (id)
$$;
COMMENT ON FUNCTION sgr.note_baskets(text, bigint[], boolean) IS
    'Notes changed baskets for the next incremental refresh; more than 10,000 at once count as "everything". publicity: not their entries changed but whether they are known to be public';

CREATE FUNCTION sgr.note_playlist_tracks() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM sgr.note_baskets('playlist', array_agg(d.playlist_id))
        FROM (SELECT DISTINCT playlist_id FROM new_rows LIMIT 10001) AS d;
    ELSIF TG_OP = 'TRUNCATE' THEN
        PERFORM sgr.note_baskets('playlist', '{NULL}');
    ELSE
        IF TG_OP = 'UPDATE' THEN
            PERFORM sgr.note_baskets('playlist', array_agg(d.playlist_id))
            FROM (SELECT DISTINCT playlist_id FROM new_rows LIMIT 10001) AS d;
        END IF;
        -- A track that left its playlist cannot be found there any more: it is noted too.
        INSERT INTO sgr.cooccurrence_changes (basket, basket_id, track_id)
        SELECT DISTINCT 'playlist', o.playlist_id, o.track_id FROM old_rows AS o;
    END IF;
    RETURN NULL;
END
$$;

-- Which playlists are public matters to counts made with public_only alone. It is noted all the same: whether another
-- session is just about to make such counts cannot be known here.
CREATE FUNCTION sgr.note_playlists() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM sgr.note_baskets('playlist', array_agg(d.playlist_id), true)
        FROM (SELECT n.playlist_id FROM new_rows AS n WHERE n.is_public LIMIT 10001) AS d;
    ELSIF TG_OP = 'UPDATE' THEN
        PERFORM sgr.note_baskets('playlist', array_agg(d.playlist_id), true)
        FROM (SELECT playlist_id FROM new_rows AS n FULL JOIN old_rows AS o USING (playlist_id)
              WHERE coalesce(n.is_public, false) <> coalesce(o.is_public, false) LIMIT 10001) AS d;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM sgr.note_baskets('playlist', array_agg(d.playlist_id), true)
        FROM (SELECT o.playlist_id FROM old_rows AS o WHERE o.is_public LIMIT 10001) AS d;
    ELSE
        PERFORM sgr.note_baskets('playlist', '{NULL}', true);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION sgr.note_playlists() IS
    'Notes the playlists of which a statement changed whether they are known to be public, for the next incremental refresh';

CREATE FUNCTION sgr.note_interactions() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM sgr.note_baskets('like', array_agg(d.user_id))
        FROM (SELECT DISTINCT user_id FROM new_rows WHERE kind = 'like' LIMIT 10001) AS d;
    ELSIF TG_OP = 'TRUNCATE' THEN
        PERFORM sgr.note_baskets('like', '{NULL}');
    ELSE
        IF TG_OP = 'UPDATE' THEN
            PERFORM sgr.note_baskets('like', array_agg(d.user_id))
            FROM (SELECT DISTINCT user_id FROM new_rows WHERE kind = 'like' LIMIT 10001) AS d;
        END IF;
        INSERT INTO sgr.cooccurrence_changes (basket, basket_id, track_id)
        SELECT DISTINCT 'like', o.user_id, o.track_id FROM old_rows AS o WHERE o.kind = 'like';
    END IF;
    RETURN NULL;
END
$$;

-- Artists come by way of the tracks: rows of sgr.tracks that arrive after their entries, or change hands, change the
-- baskets of artists.
CREATE FUNCTION sgr.note_tracks() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    everything boolean := false;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM sgr.note_baskets('playlist', array_agg(d.playlist_id))
        -- OFFSET 0: probes by the index whatever the planner thinks of the new rows, of which it knows nothing; else
        -- many small statements would each read all entries.
        FROM (SELECT DISTINCT e.playlist_id FROM new_rows AS n
              CROSS JOIN LATERAL (SELECT p.playlist_id FROM sgr.playlist_tracks AS p
                                  WHERE p.track_id = n.track_id OFFSET 0) AS e
              WHERE n.artist_id IS NOT NULL LIMIT 10001) AS d;
        PERFORM sgr.note_baskets('like', array_agg(d.user_id))
        FROM (SELECT DISTINCT i.user_id FROM new_rows AS n
              CROSS JOIN LATERAL (SELECT l.user_id FROM sgr.interactions AS l
                                  WHERE l.track_id = n.track_id AND l.kind = 'like' OFFSET 0) AS i
              WHERE n.artist_id IS NOT NULL LIMIT 10001) AS d;
        RETURN NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        everything := EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS n ON n.track_id = o.track_id
                              WHERE n.artist_id IS DISTINCT FROM o.artist_id);
    ELSIF TG_OP = 'DELETE' THEN
        everything := EXISTS (SELECT FROM old_rows AS o WHERE o.artist_id IS NOT NULL);
    ELSE
        everything := true;
    END IF;
    -- The artist that a track had is not to be found any more.
    IF everything THEN
        PERFORM sgr.note_baskets('playlist', '{NULL}');
        PERFORM sgr.note_baskets('like', '{NULL}');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION sgr.note_tracks() IS
    'Notes the baskets whose artists a change of sgr.tracks changes, for the next incremental refresh';
COMMENT ON FUNCTION sgr.note_playlist_tracks() IS 'Notes the playlists that a statement changed, for the next incremental refresh';
COMMENT ON FUNCTION sgr.note_interactions() IS 'Notes the users whose likes a statement changed, for the next incremental refresh';

CREATE TRIGGER note_insert AFTER INSERT ON sgr.playlist_tracks
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlist_tracks();
CREATE TRIGGER note_update AFTER UPDATE ON sgr.playlist_tracks
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlist_tracks();
CREATE TRIGGER note_delete AFTER DELETE ON sgr.playlist_tracks
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlist_tracks();
CREATE TRIGGER note_truncate AFTER TRUNCATE ON sgr.playlist_tracks
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlist_tracks();

CREATE TRIGGER note_insert AFTER INSERT ON sgr.playlists
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlists();
CREATE TRIGGER note_update AFTER UPDATE ON sgr.playlists
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlists();
CREATE TRIGGER note_delete AFTER DELETE ON sgr.playlists
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlists();
CREATE TRIGGER note_truncate AFTER TRUNCATE ON sgr.playlists
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_playlists();

CREATE TRIGGER note_insert AFTER INSERT ON sgr.interactions
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_interactions();
CREATE TRIGGER note_update AFTER UPDATE ON sgr.interactions
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_interactions();
CREATE TRIGGER note_delete AFTER DELETE ON sgr.interactions
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_interactions();
CREATE TRIGGER note_truncate AFTER TRUNCATE ON sgr.interactions
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_interactions();

CREATE TRIGGER note_insert AFTER INSERT ON sgr.tracks
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_tracks();
CREATE TRIGGER note_update AFTER UPDATE ON sgr.tracks
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_tracks();
CREATE TRIGGER note_delete AFTER DELETE ON sgr.tracks
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_tracks();
CREATE TRIGGER note_truncate AFTER TRUNCATE ON sgr.tracks
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_tracks();

CREATE FUNCTION sgr_cooccur_touch(
    basket_ids bigint[], basket text DEFAULT 'playlist', tracks_left bigint[] DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF basket IS NULL OR basket NOT IN ('playlist', 'like') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown basket %s', coalesce('"' || basket || '"', 'NULL')),
            HINT = 'use playlist or like';
    END IF;
    IF basket_ids IS NULL OR array_position(basket_ids, NULL) IS NOT NULL
        OR array_position(tracks_left, NULL) IS NOT NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'basket_ids and tracks_left must not hold NULL';
    END IF;
    PERFORM sgr.note_baskets(basket, basket_ids);
    INSERT INTO sgr.cooccurrence_changes (basket, basket_id, track_id)
    SELECT sgr_cooccur_touch.basket, basket_ids[1], t.id
    FROM unnest(tracks_left) AS t (id) WHERE cardinality(basket_ids) > 0;
    RETURN cardinality(basket_ids);
END
$$;
COMMENT ON FUNCTION sgr_cooccur_touch(bigint[], text, bigint[]) IS
    'Says that baskets of your own relation changed (playlist ids, or user ids for basket => ''like''), for the next incremental refresh; tracks_left names tracks that were taken out of them. Returns the number of baskets';
