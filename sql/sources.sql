-- sgr_source_set: bring your own tables.

CREATE FUNCTION sgr_source_set(role text, relation regclass DEFAULT NULL)
RETURNS TABLE (source_role text, source_relation text, columns_used text[], columns_missing text[])
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    relid    oid := relation;
    lacking  text;
    wrong    text;
    chosen   text;
BEGIN
    IF role IS NULL OR NOT EXISTS (SELECT FROM sgr.source_columns c WHERE c.role = sgr_source_set.role) THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('unknown source role %s', coalesce(quote_ident(role), 'NULL')),
            HINT = 'the roles are playlist_tracks, playlists, interactions, tracks, artists, users';
    END IF;
    IF (SELECT c.relnamespace = 'sgr'::regnamespace AND c.relname = sgr_source_set.role FROM pg_class c WHERE c.oid = relid)
    THEN
        relation := NULL;  -- the catalogue table itself
    END IF;
    IF relation IS NULL THEN
        DELETE FROM sgr.sources s WHERE s.role = sgr_source_set.role;
        RETURN QUERY SELECT sgr_source_set.role, 'sgr.' || sgr_source_set.role,
            array_agg(c.column_name::text ORDER BY c.ordinal), '{}'::text[]
            FROM sgr.source_columns c WHERE c.role = sgr_source_set.role;
        RETURN;
    END IF;

    IF (SELECT c.relkind FROM pg_class c WHERE c.oid = relid) NOT IN ('r', 'v', 'm', 'f', 'p') THEN
        RAISE wrong_object_type USING MESSAGE = format('%s is not a table or view', relation);
    END IF;
    IF (SELECT c.relnamespace = 'sgr'::regnamespace FROM pg_class c WHERE c.oid = relid) THEN
        RAISE wrong_object_type USING
            MESSAGE = format('%s belongs to sgr_graph and cannot stand in for %s', relation, role),
            HINT = format('sgr_source_set(''%s'') goes back to sgr.%s', role, role);
    END IF;
    IF (SELECT c.relpersistence = 't' FROM pg_class c WHERE c.oid = relid) THEN
        RAISE wrong_object_type USING
            MESSAGE = format('%s is temporary: other sessions could not read it', relation),
            HINT = 'name a permanent table or view';
    END IF;

    SELECT string_agg(format('%s %s', c.column_name, c.type), ', ' ORDER BY c.ordinal) INTO lacking
    FROM sgr.source_columns c
    WHERE c.role = sgr_source_set.role AND c.required
      AND NOT EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = relid AND a.attname = c.column_name AND a.attnum > 0 AND NOT a.attisdropped);
    IF lacking IS NOT NULL THEN
        RAISE undefined_column USING
            MESSAGE = format('relation %s cannot stand in for %s', relation, role),
            DETAIL = format('missing: %s', lacking),
            HINT = 'make a view that renames your columns, and name the view here';
    END IF;

    -- Integers of any width do, text of any kind, and times that cast to timestamptz.
    SELECT string_agg(format('%s is %s, not %s', c.column_name, format_type(a.atttypid, a.atttypmod), c.type), '; '
                      ORDER BY c.ordinal) INTO wrong
    FROM sgr.source_columns c
    JOIN pg_attribute a ON a.attrelid = relid AND a.attname = c.column_name AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type e ON e.oid = t.typelem
    WHERE c.role = sgr_source_set.role
      AND NOT CASE
          WHEN c.type = 'bigint' THEN a.atttypid = ANY ('{int2,int4,int8}'::regtype[])
          WHEN c.type = 'text' THEN t.typcategory = 'S' OR t.typtype = 'e'
          WHEN c.type = 'boolean' THEN a.atttypid = 'bool'::regtype
          WHEN c.type = 'real' THEN t.typcategory = 'N'
          WHEN c.type = 'date' THEN a.atttypid = ANY ('{date,timestamp,timestamptz}'::regtype[])
          WHEN c.type = 'timestamptz' THEN a.atttypid = ANY ('{date,timestamp,timestamptz}'::regtype[])
          WHEN c.type = 'text[]' THEN t.typcategory = 'A' AND e.typcategory = 'S'
          ELSE false
      END;
    IF wrong IS NOT NULL THEN
        RAISE datatype_mismatch USING
            MESSAGE = format('relation %s cannot stand in for %s', relation, role),
            DETAIL = wrong,
            HINT = 'make a view that casts the column, and name the view here; ids must be integers';
    END IF;

    -- Integers are not cast, so that the relation's own indexes serve.
    SELECT format('SELECT %s FROM %s',
               string_agg(CASE
                   WHEN a.attname IS NULL THEN format('%s::%s AS %I', c.if_missing, c.type, c.column_name)
                   WHEN c.type = 'bigint' THEN quote_ident(a.attname)
                   ELSE format('%I::%s AS %I', a.attname, c.type, c.column_name)
               END, ', ' ORDER BY c.ordinal),
               format('%I.%I', n.nspname, r.relname))
    INTO chosen
    FROM sgr.source_columns c
    LEFT JOIN pg_attribute a
        ON a.attrelid = relid AND a.attname = c.column_name AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN pg_class r
    JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.role = sgr_source_set.role AND r.oid = relid
    GROUP BY n.nspname, r.relname;

    INSERT INTO sgr.sources (role, relation, query)
    SELECT sgr_source_set.role, format('%I.%I', n.nspname, r.relname), chosen
    FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace WHERE r.oid = relid
    ON CONFLICT ON CONSTRAINT sources_pkey DO UPDATE SET relation = excluded.relation, query = excluded.query;

    RETURN QUERY
    SELECT s.role, s.relation,
        coalesce(array_agg(c.column_name::text ORDER BY c.ordinal) FILTER (WHERE a.attname IS NOT NULL), '{}'),
        coalesce(array_agg(c.column_name::text ORDER BY c.ordinal) FILTER (WHERE a.attname IS NULL), '{}')
    FROM sgr.sources s
    JOIN sgr.source_columns c ON c.role = s.role
    LEFT JOIN pg_attribute a
        ON a.attrelid = relid AND a.attname = c.column_name AND a.attnum > 0 AND NOT a.attisdropped
    WHERE s.role = sgr_source_set.role
    GROUP BY s.role, s.relation;
END
$$;
COMMENT ON FUNCTION sgr_source_set(text, regclass) IS
    'Points a role (playlist_tracks, playlists, interactions, tracks, artists, users) at a table or view of your own with the same column names; checks columns and types at once; relation NULL goes back to sgr.<role>. Errors: 22023 unknown role, 42P01 no such relation, 42703 column missing, 42804 wrong type';
