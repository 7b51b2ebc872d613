-- What a user says about which rows mean one thing. What sgr_fuse() finds by itself is written in src/fuse.rs.

CREATE FUNCTION sgr.alias_key(kind text, key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT CASE WHEN kind IN ('artist', 'playlist') THEN btrim(key) ELSE lower(btrim(key)) END $$;
COMMENT ON FUNCTION sgr.alias_key(text, text) IS 'The form in which sgr.entity_aliases holds a key';

CREATE FUNCTION sgr.check_alias(kind text, key text) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF kind IS NULL OR kind NOT IN ('artist', 'playlist', 'tag', 'genre', 'label') THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown kind %s', coalesce('"' || kind || '"', 'NULL')),
            HINT = 'use artist, playlist, tag, genre or label';
    ELSIF key IS NULL OR btrim(key) = '' THEN
        RAISE invalid_parameter_value USING MESSAGE = 'alias and canonical must not be empty';
    ELSIF kind = 'artist' AND btrim(key) NOT LIKE 'name:%' AND NOT EXISTS (
            SELECT FROM sgr.source_artists AS a WHERE a.artist_id::text = btrim(key))
        OR kind = 'playlist' AND NOT EXISTS (
            SELECT FROM sgr.source_playlists AS p WHERE p.playlist_id::text = btrim(key)) THEN
        RAISE undefined_object USING
            MESSAGE = format('%s "%s" does not exist', kind, key),
            HINT = 'artists and playlists are named by their id';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.check_alias(text, text) IS 'Raises an error unless this kind of entity with this key may stand in sgr.entity_aliases';

CREATE FUNCTION sgr_alias_set(kind text, alias text, canonical text)
RETURNS TABLE (alias_kind text, alias_key text, canonical_key text)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    from_key text := sgr.alias_key(kind, alias);
    to_key   text := sgr.alias_key(kind, canonical);
    beyond   record;
BEGIN
    PERFORM sgr.check_alias(sgr_alias_set.kind, sgr_alias_set.alias);
    PERFORM sgr.check_alias(sgr_alias_set.kind, sgr_alias_set.canonical);
    IF from_key = to_key THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('%s "%s" cannot be an alias of itself', sgr_alias_set.kind, from_key),
            HINT = 'sgr_alias_drop() makes it stand for itself';
    END IF;
    SELECT a.* INTO beyond FROM sgr.entity_aliases AS a
    WHERE a.kind = sgr_alias_set.kind AND a.alias_key = to_key AND a.canonical_key <> to_key;
    IF FOUND AND beyond.canonical_key = from_key THEN
        IF beyond.forced THEN
            RAISE invalid_parameter_value USING
                MESSAGE = format('%s "%s" is an alias of "%s" already', sgr_alias_set.kind, to_key, from_key),
                HINT = format('call sgr_alias_drop(%L, %L) first', sgr_alias_set.kind, to_key);
        END IF;
        DELETE FROM sgr.entity_aliases AS a WHERE a.kind = sgr_alias_set.kind AND a.alias_key = to_key;
    ELSIF FOUND THEN
        to_key := beyond.canonical_key;
    END IF;
    INSERT INTO sgr.entity_aliases AS a (kind, alias_key, canonical_key, method, similarity, evidence, forced)
    VALUES (sgr_alias_set.kind, from_key, to_key, 'forced', 1, 'sgr_alias_set by ' || current_user, true)
    ON CONFLICT ON CONSTRAINT entity_aliases_pkey DO UPDATE SET canonical_key = excluded.canonical_key,
        method = excluded.method, similarity = excluded.similarity, evidence = excluded.evidence, forced = true,
        decided_at = now();
    -- Chains collapse: what stood for the alias stands for what it stands for now.
    UPDATE sgr.entity_aliases AS a SET canonical_key = to_key
    WHERE a.kind = sgr_alias_set.kind AND a.canonical_key = from_key AND a.alias_key <> from_key;
    INSERT INTO sgr.graph_changes (what) VALUES ('alias');
    RETURN QUERY SELECT a.kind, a.alias_key, a.canonical_key FROM sgr.entity_aliases AS a
        WHERE a.kind = sgr_alias_set.kind AND a.canonical_key = to_key AND a.alias_key <> to_key ORDER BY a.alias_key;
END
$$;
COMMENT ON FUNCTION sgr_alias_set(text, text, text) IS
    'Says that alias means canonical (kind: artist, playlist, tag, genre, label; artists and playlists by id, the others by spelling); survives sgr_fuse(). Returns every alias of the canonical one. Errors: 22023 unknown kind, alias of itself or of its own alias, 42704 no such artist or playlist';

CREATE FUNCTION sgr_alias_drop(kind text, alias text)
RETURNS TABLE (alias_kind text, alias_key text, was_canonical_key text, was_forced boolean)
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    key text := sgr.alias_key(kind, alias);
    old record;
BEGIN
    IF sgr_alias_drop.kind IS NULL OR sgr_alias_drop.kind NOT IN ('artist', 'playlist', 'tag', 'genre', 'label') THEN
        PERFORM sgr.check_alias(sgr_alias_drop.kind, sgr_alias_drop.alias);
    END IF;
    SELECT a.* INTO old FROM sgr.entity_aliases AS a WHERE a.kind = sgr_alias_drop.kind AND a.alias_key = key;
    IF NOT FOUND THEN
        RAISE undefined_object USING
            MESSAGE = format('%s "%s" is no alias', sgr_alias_drop.kind, key),
            HINT = 'the aliases are in sgr.entity_aliases';
    END IF;
    IF old.forced THEN
        DELETE FROM sgr.entity_aliases AS a WHERE a.kind = old.kind AND a.alias_key = old.alias_key;
    ELSE
        -- Else the next sgr_fuse() would find it again.
        UPDATE sgr.entity_aliases AS a
        SET canonical_key = a.alias_key, method = 'separate', similarity = 0, forced = true, decided_at = now(),
            evidence = format('sgr_alias_drop by %s; was %s of %s', current_user, old.method, old.canonical_key)
        WHERE a.kind = old.kind AND a.alias_key = old.alias_key;
    END IF;
    INSERT INTO sgr.graph_changes (what) VALUES ('alias');
    RETURN QUERY SELECT old.kind::text, old.alias_key::text, old.canonical_key::text, old.forced::boolean;
END
$$;
COMMENT ON FUNCTION sgr_alias_drop(text, text) IS
    'Undoes a decision: an alias that sgr_fuse() found stands for itself from now on, one that sgr_alias_set() made is left to sgr_fuse() again. Errors: 22023 unknown kind, 42704 no such alias';
