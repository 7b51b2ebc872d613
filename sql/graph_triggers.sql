-- What the triggers of the graph's tables do: documents are told apart by their content, and changes of the catalogue
-- are noted, so that the stages of sgr_build_kg() work on what changed and nothing else.

-- ---------------------------------------------------------------------------------------------------------------------
-- Documents
-- ---------------------------------------------------------------------------------------------------------------------

-- Two sessions that bring the same body would otherwise meet in the unique index, and the second COPY would fail.
CREATE FUNCTION sgr.raw_documents_lock() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(8315738498083127298);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION sgr.raw_documents_lock() IS 'Lets one transaction at a time bring documents';

CREATE FUNCTION sgr.raw_documents_take() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.body IS NULL OR NEW.body ~ '^\s*$' THEN
        RETURN NULL;
    END IF;
    -- Two users may like the very same tracks: a page says whose it is by its URL alone.
    NEW.content_hash := sha256(convert_to(
        CASE WHEN NEW.source ~ '^https?://' THEN NEW.source || E'\n' ELSE '' END || NEW.body, 'UTF8'));
    NEW.fetched_at := coalesce(NEW.fetched_at, now());
    -- Of this transaction whatever was said: after a restore the old number would mean another transaction.
    NEW.loaded_by := pg_current_xact_id();
    UPDATE sgr.raw_documents AS d
    SET fetched_at = greatest(d.fetched_at, NEW.fetched_at),
        loaded_by = CASE WHEN NEW.fetched_at > d.fetched_at THEN NEW.loaded_by ELSE d.loaded_by END
    WHERE d.content_hash = NEW.content_hash;
    IF FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION sgr.raw_documents_take() IS
    'Hashes the body, with the URL if it came from one; what is there already only makes its row newer, and a blank body is passed over';

CREATE TRIGGER lock_insert BEFORE INSERT ON sgr.raw_documents
    FOR EACH STATEMENT EXECUTE FUNCTION sgr.raw_documents_lock();
CREATE TRIGGER take BEFORE INSERT ON sgr.raw_documents
    FOR EACH ROW EXECUTE FUNCTION sgr.raw_documents_take();

-- ---------------------------------------------------------------------------------------------------------------------
-- Changes of the catalogue
-- ---------------------------------------------------------------------------------------------------------------------

-- More ids than this in one statement are noted as "everything": making all of the graph anew is cheaper then.
CREATE FUNCTION sgr.note_graph_changes(what text, ids bigint[]) RETURNS void
LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO sgr.graph_changes (what, id)
    SELECT note_graph_changes.what, n.id
    FROM unnest(CASE WHEN cardinality(ids) > 10000 THEN '{NULL}' ELSE ids END) AS n (id)
$$;
COMMENT ON FUNCTION sgr.note_graph_changes(text, bigint[]) IS
    'Notes changed rows for the next run of sgr_fuse() and sgr_triples_refresh(); more than 10,000 at once count as "everything"';

-- The arguments of the trigger: what changed, the column that identifies it, and what else hangs on it.
CREATE FUNCTION sgr.note_graph_rows() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    what   text := TG_ARGV[0];
    id     text := TG_ARGV[1];
    ids    bigint[];
    rows   text;
BEGIN
    -- Nobody has made a graph yet: the first one reads everything anyway.
    IF NOT EXISTS (SELECT FROM sgr.stage_state) THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM sgr.note_graph_changes(what, '{NULL}');
        RETURN NULL;
    END IF;
    rows := CASE TG_OP WHEN 'INSERT' THEN 'SELECT %1$I FROM new_rows'
                       WHEN 'DELETE' THEN 'SELECT %1$I FROM old_rows'
                       ELSE 'SELECT %1$I FROM new_rows UNION SELECT %1$I FROM old_rows' END;
    EXECUTE format('SELECT array_agg(d.id) FROM (SELECT DISTINCT s.%1$I AS id FROM (' || rows || ') AS s LIMIT 10001) AS d', id)
    INTO ids;
    PERFORM sgr.note_graph_changes(what, ids);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION sgr.note_graph_rows() IS 'Notes which rows a statement changed, for the next run of sgr_build_kg()';

DO $$
DECLARE
    watched record;
BEGIN
    FOR watched IN
        SELECT * FROM (VALUES
            ('artists', 'artist', 'artist_id'), ('tracks', 'track', 'track_id'), ('track_artists', 'track', 'track_id'),
            ('playlists', 'playlist', 'playlist_id'), ('playlist_tracks', 'entries', 'playlist_id'),
            ('interactions', 'likes', 'user_id'), ('follows', 'follows', 'user_id'), ('users', 'user', 'user_id')
        ) AS w (relation, what, id)
    LOOP
        EXECUTE format('CREATE TRIGGER graph_insert AFTER INSERT ON sgr.%I REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_graph_rows(%L, %L)', watched.relation, watched.what, watched.id);
        EXECUTE format('CREATE TRIGGER graph_update AFTER UPDATE ON sgr.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_graph_rows(%L, %L)', watched.relation, watched.what, watched.id);
        EXECUTE format('CREATE TRIGGER graph_delete AFTER DELETE ON sgr.%I REFERENCING OLD TABLE AS old_rows
            FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_graph_rows(%L, %L)', watched.relation, watched.what, watched.id);
        EXECUTE format('CREATE TRIGGER graph_truncate AFTER TRUNCATE ON sgr.%I
            FOR EACH STATEMENT EXECUTE FUNCTION sgr.note_graph_rows(%L, %L)', watched.relation, watched.what, watched.id);
    END LOOP;
END
$$;
