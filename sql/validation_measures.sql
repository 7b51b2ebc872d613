-- What sgr_kg_validate() counts: plain queries, each answering several checks with one scan, and how numbers and names
-- are written in details.

-- ---------------------------------------------------------------------------------------------------------------------
-- What is counted
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION sgr.kg_graph_id(graph text) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_id integer;
BEGIN
    IF graph IS NULL THEN
        RAISE null_value_not_allowed USING MESSAGE = 'graph must not be NULL';
    END IF;
    SELECT g.graph_id INTO found_id FROM sgr.graphs AS g WHERE g.graph = kg_graph_id.graph;
    IF found_id IS NULL THEN
        RAISE undefined_object USING
            MESSAGE = format('graph "%s" does not exist', graph),
            HINT = (SELECT 'there is ' || string_agg(CASE WHEN g.place <= 20 THEN format('"%s"', g.graph) ELSE '...' END, ', '
                                                     ORDER BY g.place)
                    FROM (SELECT l.graph, row_number() OVER (ORDER BY l.graph_id) AS place FROM sgr.graphs AS l) AS g
                    WHERE g.place <= 21);
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION sgr.kg_graph_id(text) IS 'The id of a named graph. Errors: 42704 no such graph, 22004 NULL';

CREATE FUNCTION sgr.kg_relation_measures(graph_id integer)
RETURNS TABLE (relation_id integer, relation text, triples bigint, self_loops bigint, bad_weights bigint,
               dangling_heads bigint, dangling_tails bigint, dangling_sources bigint, foreign_ends bigint, wrong_kinds bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- Counted by all that a promise could be about, so that one scan answers every question.
    WITH counted AS (
        SELECT t.relation, t.source, h.graph_id AS head_graph, h.kind AS head_kind, o.graph_id AS tail_graph, o.kind AS tail_kind,
               count(*) AS triples, count(*) FILTER (WHERE t.head = t.tail) AS self_loops,
               count(*) FILTER (WHERE NOT (t.weight > 0 AND t.weight <= 1)) AS bad_weights
        FROM sgr.triples AS t
        LEFT JOIN sgr.relations AS r ON r.relation_id = t.relation
        LEFT JOIN sgr.entities AS h ON h.entity_id = t.head
        LEFT JOIN sgr.entities AS o ON o.entity_id = t.tail
        -- Triples of no relation belong to no graph: the catalogue's report shows them.
        WHERE coalesce(r.graph_id, 0) = kg_relation_measures.graph_id
        GROUP BY 1, 2, 3, 4, 5, 6
    ), own AS (
        SELECT r.relation_id, r.relation, r.graph_id, r.head_kind, r.tail_kind
        FROM sgr.relations AS r WHERE r.graph_id = kg_relation_measures.graph_id
    )
    SELECT coalesce(r.relation_id, c.relation), r.relation, coalesce(sum(c.triples), 0)::bigint,
           coalesce(sum(c.self_loops), 0)::bigint, coalesce(sum(c.bad_weights), 0)::bigint,
           coalesce(sum(c.triples) FILTER (WHERE c.head_graph IS NULL), 0)::bigint,
           coalesce(sum(c.triples) FILTER (WHERE c.tail_graph IS NULL), 0)::bigint,
           coalesce(sum(c.triples) FILTER (WHERE s.source_id IS NULL), 0)::bigint,
           coalesce(sum(c.triples) FILTER (WHERE c.head_graph <> r.graph_id OR c.tail_graph <> r.graph_id), 0)::bigint,
           coalesce(sum(c.triples) FILTER (WHERE c.head_kind <> r.head_kind OR c.tail_kind <> r.tail_kind), 0)::bigint
    FROM own AS r
    FULL JOIN counted AS c ON c.relation = r.relation_id
    LEFT JOIN sgr.triple_sources AS s ON s.source_id = c.source
    GROUP BY coalesce(r.relation_id, c.relation), r.relation
$$;
COMMENT ON FUNCTION sgr.kg_relation_measures(integer) IS
    'Triples of each relation of a graph, and how many of them break which promise; relation NULL: not in sgr.relations';

CREATE FUNCTION sgr.kg_mirror_measures(graph_id integer)
RETURNS TABLE (relation text, is_symmetric boolean, triples bigint, mirrored bigint, other_weight bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT r.relation, r.is_symmetric, count(*), count(m.head),
           count(*) FILTER (WHERE m.weight <> t.weight)
    FROM sgr.relations AS r
    JOIN sgr.triples AS t ON t.relation = r.relation_id AND t.head <> t.tail
    LEFT JOIN sgr.triples AS m ON m.relation = t.relation AND m.head = t.tail AND m.tail = t.head
    -- Between two kinds there is no mirror image; where no kinds are promised there may be one.
    WHERE r.graph_id = kg_mirror_measures.graph_id AND (r.is_symmetric OR NOT coalesce(r.head_kind <> r.tail_kind, false))
    GROUP BY r.relation, r.is_symmetric
$$;
COMMENT ON FUNCTION sgr.kg_mirror_measures(integer) IS
    'Triples between entities of one kind, loops left out, and those of them whose mirror image is there';

CREATE FUNCTION sgr.kg_degrees(graph_id integer, top integer)
RETURNS TABLE (kind text, degree bigint, entities bigint, hubs bigint[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH ends AS (
        SELECT t.head AS entity_id, count(*) AS n
        FROM sgr.triples AS t JOIN sgr.relations AS r ON r.relation_id = t.relation AND r.graph_id = kg_degrees.graph_id
        GROUP BY t.head
        UNION ALL
        -- Of a symmetric relation the mirror images have counted this end as a head.
        SELECT t.tail, count(*)
        FROM sgr.triples AS t JOIN sgr.relations AS r ON r.relation_id = t.relation AND r.graph_id = kg_degrees.graph_id
        WHERE NOT r.is_symmetric
        GROUP BY t.tail
    ), counted AS (
        SELECT e.entity_id, sum(e.n)::bigint AS degree FROM ends AS e GROUP BY e.entity_id
    ), degrees AS MATERIALIZED (
        SELECT e.entity_id, e.kind, coalesce(c.degree, 0) AS degree
        FROM sgr.entities AS e LEFT JOIN counted AS c ON c.entity_id = e.entity_id
        WHERE e.graph_id = kg_degrees.graph_id
    ), hubs AS (
        SELECT d.entity_id FROM degrees AS d WHERE d.degree > 0 ORDER BY d.degree DESC, d.entity_id LIMIT kg_degrees.top
    )
    SELECT d.kind, d.degree, count(*), array_agg(h.entity_id ORDER BY h.entity_id) FILTER (WHERE h.entity_id IS NOT NULL)
    FROM degrees AS d LEFT JOIN hubs AS h ON h.entity_id = d.entity_id
    GROUP BY d.kind, d.degree
$$;
COMMENT ON FUNCTION sgr.kg_degrees(integer, integer) IS
    'How many entities of each kind have each degree, 0 included; hubs: those of them that are among the top heaviest';

CREATE FUNCTION sgr.kg_degree_quantiles(degrees jsonb)
RETURNS TABLE (kind text, entities bigint, isolated bigint, median bigint, p90 bigint, p99 bigint, most bigint)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH counted AS (
        SELECT CASE WHEN a.every THEN NULL ELSE d.kind END AS kind, a.every, d.degree, sum(d.entities) AS entities
        FROM jsonb_to_recordset(kg_degree_quantiles.degrees) AS d (kind text, degree bigint, entities bigint)
        CROSS JOIN (VALUES (true), (false)) AS a (every)
        GROUP BY 1, 2, 3
    ), summed AS (
        SELECT c.kind, c.every, c.degree, c.entities, sum(c.entities) OVER up AS at_most, sum(c.entities) OVER kind AS total
        FROM counted AS c
        WINDOW kind AS (PARTITION BY c.every, c.kind), up AS (PARTITION BY c.every, c.kind ORDER BY c.degree)
    )
    SELECT s.kind, sum(s.entities)::bigint, coalesce(sum(s.entities) FILTER (WHERE s.degree = 0), 0)::bigint,
           min(s.degree) FILTER (WHERE s.at_most >= 0.5 * s.total), min(s.degree) FILTER (WHERE s.at_most >= 0.9 * s.total),
           min(s.degree) FILTER (WHERE s.at_most >= 0.99 * s.total), max(s.degree)
    FROM summed AS s GROUP BY s.every, s.kind
$$;
COMMENT ON FUNCTION sgr.kg_degree_quantiles(jsonb) IS
    'Quantiles of the degree for each kind, and with kind NULL for all of them, from the rows of sgr.kg_degrees()';

CREATE FUNCTION sgr.kg_power_law(degrees jsonb)
RETURNS TABLE (alpha double precision, distance double precision, xmin bigint, entities bigint, covered double precision)
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- Clauset, Shalizi, Newman, SIAM Review 51 (2009): alpha by maximum likelihood (their equation 3.7) for each start of
    -- the tail, and the start whose fit is closest to the data. At most eight starts per doubling of the degree are tried,
    -- and none that leaves a tail of less than 50 entities.
    WITH counted AS (
        SELECT d.degree::double precision AS x, sum(d.entities)::double precision AS n
        FROM jsonb_to_recordset(kg_power_law.degrees) AS d (degree bigint, entities bigint)
        WHERE d.degree > 0
        GROUP BY d.degree
    ), tails AS (
        SELECT c.x, c.n, sum(c.n) OVER (ORDER BY c.x DESC) AS at_least,
               coalesce(sum(c.n) OVER (ORDER BY c.x DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS above,
               sum(c.n) OVER () AS total
        FROM counted AS c
    ), starts AS (
        SELECT min(t.x) AS xmin, max(t.at_least) AS n
        FROM tails AS t WHERE t.at_least >= 50 GROUP BY floor(8 * ln(t.x) / ln(2.0::double precision))
    ), fits AS (
        SELECT s.xmin, s.n, 1 + s.n / sum(t.n * ln(t.x / (s.xmin - 0.5))) AS alpha
        FROM starts AS s JOIN tails AS t ON t.x >= s.xmin
        GROUP BY s.xmin, s.n
        -- A curve through one or two points says nothing.
        HAVING count(*) >= 3
    ), distances AS (
        -- The model's share of degrees >= x is ((x - 1/2) / (xmin - 1/2)) ^ (1 - alpha); between two degrees that occur,
        -- the distance is largest at one end.
        SELECT f.alpha, f.xmin, f.n,
               max(greatest(abs(t.at_least / f.n - ((t.x - 0.5) / (f.xmin - 0.5)) ^ (1 - f.alpha)),
                            abs(t.above / f.n - ((t.x + 0.5) / (f.xmin - 0.5)) ^ (1 - f.alpha)))) AS distance,
               max(t.total) AS total
        FROM fits AS f JOIN tails AS t ON t.x >= f.xmin
        GROUP BY f.alpha, f.xmin, f.n
    )
    SELECT d.alpha, d.distance, d.xmin::bigint, d.n::bigint, d.n / d.total
    FROM distances AS d ORDER BY d.distance, d.xmin LIMIT 1
$$;
COMMENT ON FUNCTION sgr.kg_power_law(jsonb) IS
    'The power law that fits the tail of the degrees (rows of sgr.kg_degrees()) best: exponent, Kolmogorov-Smirnov distance, where the tail starts, its entities, their share of those with any triple. No row with less than 50 entities or three degrees';

-- Names of the graph made from the catalogue; in imported graphs the key is the name.
CREATE FUNCTION sgr.kg_name_measures(graph_id integer)
RETURNS TABLE (reason text, entities bigint, examples bigint[])
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    controls    text := '[\u0001-\u001f\u007f]';
    replacement text;
    mojibake    text;
    punctuation text := '^[\u0020-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007e]+$';
    broken      text;
BEGIN
    -- Escapes beyond ASCII mean Unicode characters in databases of that encoding only.
    IF getdatabaseencoding() = 'UTF8' THEN
        controls := '[\u0001-\u001f\u007f-\u009f]';
        replacement := '\ufffd';
        -- UTF-8 read as Latin-1 or Windows-1252: the lead bytes C2, C3, C4, C5, D0, D1 as letters, then a continuation
        -- byte as one of the characters that no word has there; E2 80 as the two characters before all curly quotes.
        mojibake := '[\u00c2\u00c3\u00c4\u00c5\u00d0\u00d1][\u0080-\u00bf\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u2039\u2122\u20ac]|\u00e2\u20ac|\u00e2\u0080';
        punctuation := '^[\u0020-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007e\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u3003\u3008-\u301f]+$';
    END IF;
    broken := concat_ws('|', controls, replacement, mojibake, punctuation);
    RETURN QUERY
    WITH named AS (
        SELECT e.entity_id, CASE WHEN kg_name_measures.graph_id = 0 THEN e.name ELSE coalesce(e.name, e.key) END AS name
        FROM sgr.entities AS e WHERE e.graph_id = kg_name_measures.graph_id
    ), judged AS (
        SELECT n.entity_id,
               CASE WHEN n.name IS NULL OR n.name ~ '^\s*$' THEN 'no name'
                    WHEN length(n.name) > 300 THEN 'over 300 characters'
                    WHEN n.name ~ broken THEN
                        CASE WHEN n.name ~ controls THEN 'control characters'
                             WHEN n.name ~ replacement THEN 'replacement characters'
                             WHEN n.name ~ mojibake THEN 'wrong encoding'
                             ELSE 'punctuation alone' END
                    WHEN length(n.name) < 24
                         AND btrim(lower(n.name), ' []()<>{}"''*-.') IN ('unknown', 'unknown artist', 'unknown album', 'untitled',
                             'no title', 'various artists', 'various', 'n/a', 'null', 'none', 'undefined', 'nan')
                        THEN 'placeholder'
               END AS reason
        FROM named AS n
    ), placed AS (
        SELECT j.reason, j.entity_id, row_number() OVER (PARTITION BY j.reason ORDER BY j.entity_id) AS place
        FROM judged AS j WHERE j.reason IS NOT NULL
    )
    SELECT p.reason, count(*), array_agg(p.entity_id ORDER BY p.place) FILTER (WHERE p.place <= 3)
    FROM placed AS p GROUP BY p.reason;
END
$$;
COMMENT ON FUNCTION sgr.kg_name_measures(integer) IS 'Entities whose name is missing or looks broken, by reason, with three examples each';

CREATE FUNCTION sgr.kg_share_measures()
RETURNS TABLE (name text, part bigint, whole bigint, noun text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    tracks text := coalesce('(' || sgr.mapped_query('tracks') || ')', 'sgr.tracks');
BEGIN
    -- Ids of relations of the user's own need not be unique: DISTINCT keeps them from multiplying rows.
    RETURN QUERY
    WITH entries AS (
        SELECT e.playlist_id, e.track_id, count(*) AS n FROM sgr.source_playlist_tracks AS e GROUP BY e.playlist_id, e.track_id
    ), counts AS (
        SELECT coalesce(sum(e.n), 0)::bigint AS entries,
               (sum(e.n) - count(*))::bigint AS repeated,
               sum(e.n) FILTER (WHERE t.track_id IS NULL)::bigint AS no_track,
               sum(e.n) FILTER (WHERE p.playlist_id IS NULL)::bigint AS no_playlist
        FROM entries AS e
        LEFT JOIN (SELECT DISTINCT s.track_id FROM sgr.source_tracks AS s) AS t ON t.track_id = e.track_id
        LEFT JOIN (SELECT DISTINCT s.playlist_id FROM sgr.source_playlists AS s) AS p ON p.playlist_id = e.playlist_id
    )
    SELECT v.name, coalesce(v.part, 0), c.entries, 'playlist entries'
    FROM counts AS c
    CROSS JOIN LATERAL (VALUES ('duplicate_entries', c.repeated), ('entries_unknown_track', c.no_track),
                               ('entries_unknown_playlist', c.no_playlist)) AS v (name, part);

    RETURN QUERY
    WITH counts AS (
        SELECT count(*) AS interactions, count(*) FILTER (WHERE t.track_id IS NULL) AS no_track,
               count(*) FILTER (WHERE u.user_id IS NULL) AS no_user
        FROM sgr.source_interactions AS i
        LEFT JOIN (SELECT DISTINCT s.track_id FROM sgr.source_tracks AS s) AS t ON t.track_id = i.track_id
        LEFT JOIN (SELECT DISTINCT s.user_id FROM sgr.source_users AS s) AS u ON u.user_id = i.user_id
    )
    SELECT v.name, v.part, c.interactions, 'likes, reposts and plays'
    FROM counts AS c
    CROSS JOIN LATERAL (VALUES ('interactions_unknown_track', c.no_track), ('interactions_unknown_user', c.no_user)) AS v (name, part);

    RETURN QUERY
    SELECT 'playlists_unknown_owner', count(*) FILTER (WHERE u.user_id IS NULL), count(*), 'playlists with an owner'
    FROM sgr.source_playlists AS p
    LEFT JOIN (SELECT DISTINCT s.user_id FROM sgr.source_users AS s) AS u ON u.user_id = p.owner_id
    WHERE p.owner_id IS NOT NULL;

    RETURN QUERY
    SELECT 'credits_unknown', count(*) FILTER (WHERE t.track_id IS NULL OR a.artist_id IS NULL), count(*), 'credits'
    FROM sgr.track_artists AS c
    LEFT JOIN (SELECT DISTINCT s.track_id FROM sgr.source_tracks AS s) AS t ON t.track_id = c.track_id
    LEFT JOIN (SELECT DISTINCT s.artist_id FROM sgr.source_artists AS s) AS a ON a.artist_id = c.artist_id;

    RETURN QUERY
    SELECT 'follows_unknown_user', count(*) FILTER (WHERE u.user_id IS NULL OR v.user_id IS NULL), count(*), 'follows'
    FROM sgr.follows AS f
    LEFT JOIN (SELECT DISTINCT s.user_id FROM sgr.source_users AS s) AS u ON u.user_id = f.user_id
    LEFT JOIN (SELECT DISTINCT s.user_id FROM sgr.source_users AS s) AS v ON v.user_id = f.followed_id;

    -- Only the catalogue's own table has a track_count.
    RETURN QUERY
    SELECT 'track_count_disagreement', count(*) FILTER (WHERE p.track_count <> coalesce(e.n, 0)), count(*), 'playlists with a track_count'
    FROM sgr.playlists AS p
    LEFT JOIN (SELECT s.playlist_id, count(*) AS n FROM sgr.source_playlist_tracks AS s GROUP BY s.playlist_id) AS e
        ON e.playlist_id = p.playlist_id
    WHERE p.track_count IS NOT NULL AND sgr.mapped_query('playlists') IS NULL;

    -- The views do not show tags.
    RETURN QUERY EXECUTE format($query$
        WITH tracks AS MATERIALIZED (
            SELECT t.artist_id, lower(btrim(t.title)) AS title, coalesce(t.genre, '') ~ '^\s*$' AS no_genre,
                   coalesce(cardinality(t.tags), 0) = 0 AS no_tags, t.released_on IS NULL AS no_date
            FROM %s AS t
        ), counts AS (
            SELECT count(*) AS tracks, count(*) FILTER (WHERE coalesce(t.title, '') = '') AS no_title,
                   count(*) FILTER (WHERE t.artist_id IS NULL) AS no_artist, count(*) FILTER (WHERE t.no_genre) AS no_genre,
                   count(*) FILTER (WHERE t.no_tags) AS no_tags, count(*) FILTER (WHERE t.no_date) AS no_date
            FROM tracks AS t
        )
        SELECT v.name, v.part, c.tracks, 'tracks'
        FROM counts AS c
        CROSS JOIN LATERAL (VALUES ('missing_title', c.no_title), ('missing_artist', c.no_artist), ('missing_genre', c.no_genre),
                                   ('missing_tags', c.no_tags), ('missing_release_date', c.no_date)) AS v (name, part)
        UNION ALL
        SELECT 'tracks_unknown_artist', count(*) FILTER (WHERE a.artist_id IS NULL), count(*), 'tracks with an artist_id'
        FROM tracks AS t
        LEFT JOIN (SELECT DISTINCT s.artist_id FROM sgr.source_artists AS s) AS a ON a.artist_id = t.artist_id
        WHERE t.artist_id IS NOT NULL
        UNION ALL
        SELECT 'duplicate_tracks', coalesce(sum(same.n - 1), 0)::bigint, coalesce(sum(same.n), 0)::bigint, 'tracks with artist and title'
        FROM (SELECT count(*) AS n FROM tracks AS t WHERE t.artist_id IS NOT NULL AND t.title <> ''
              GROUP BY t.artist_id, t.title) AS same
        $query$, tracks);
END
$$;
COMMENT ON FUNCTION sgr.kg_share_measures() IS 'Of the catalogue as it is read: how many rows lack or break something, of how many';

CREATE FUNCTION sgr.kg_duplicate_ids()
RETURNS TABLE (relation text, duplicates bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    mapped record;
BEGIN
    FOR mapped IN
        SELECT s.relation, s.query, k.id
        FROM (VALUES ('tracks', 'track_id'), ('artists', 'artist_id'), ('playlists', 'playlist_id'), ('users', 'user_id')) AS k (role, id)
        JOIN sgr.sources AS s ON s.role = k.role
        ORDER BY k.role
    LOOP
        relation := mapped.relation;
        EXECUTE format('SELECT count(m.%1$I) - count(DISTINCT m.%1$I) FROM (%2$s) AS m', mapped.id, mapped.query) INTO duplicates;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION sgr.kg_duplicate_ids() IS 'Rows of each mapped relation whose id a row before them has';

CREATE FUNCTION sgr.kg_alias_measures()
RETURNS TABLE (no_entity bigint, chained bigint, still_used bigint, aliases bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT -- Before the first sgr_triples_refresh() no alias could lead anywhere.
           CASE WHEN EXISTS (SELECT FROM sgr.entities AS any_entity WHERE any_entity.graph_id = 0)
                THEN count(*) FILTER (WHERE canonical.entity_id IS NULL) ELSE 0 END,
           count(*) FILTER (WHERE next.alias_key IS NOT NULL),
           count(*) FILTER (WHERE own.entity_id IS NOT NULL
                              AND (EXISTS (SELECT FROM sgr.triples AS t WHERE t.head = own.entity_id)
                                   OR EXISTS (SELECT FROM sgr.triples AS t WHERE t.tail = own.entity_id))),
           count(*)
    FROM sgr.entity_aliases AS a
    LEFT JOIN sgr.entities AS canonical ON canonical.graph_id = 0 AND canonical.kind = a.kind AND canonical.key = a.canonical_key
    LEFT JOIN sgr.entities AS own ON own.graph_id = 0 AND own.kind = a.kind AND own.key = a.alias_key
    LEFT JOIN sgr.entity_aliases AS next
        ON next.kind = a.kind AND next.alias_key = a.canonical_key AND next.canonical_key <> next.alias_key
    WHERE a.alias_key <> a.canonical_key
$$;
COMMENT ON FUNCTION sgr.kg_alias_measures() IS
    'Aliases that lead to no entity, that lead to another alias, or that still are an entity with triples; and all of them';

CREATE FUNCTION sgr.kg_build_measures()
RETURNS TABLE (built boolean, has_catalogue boolean, has_triples boolean, pending bigint, everything boolean, mapped text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (SELECT FROM sgr.stage_state AS s WHERE s.stage = 'triples'),
           EXISTS (SELECT FROM sgr.source_tracks) OR EXISTS (SELECT FROM sgr.source_playlist_tracks)
               OR EXISTS (SELECT FROM sgr.source_interactions),
           EXISTS (SELECT FROM sgr.triples AS t JOIN sgr.relations AS r ON r.relation_id = t.relation AND r.graph_id = 0),
           count(*), coalesce(bool_or(c.id IS NULL), false),
           (SELECT string_agg(m.relation, ', ' ORDER BY m.role) FROM sgr.sources AS m)
    FROM (SELECT DISTINCT c.what, c.id
          FROM sgr.stage_state AS s
          CROSS JOIN sgr.graph_changes AS c
          WHERE s.stage = 'triples' AND NOT (pg_visible_in_snapshot(c.changed_by, s.seen)
                                             OR c.changed_by = s.seen_by AND c.change_id <= s.seen_up_to)) AS c
$$;
COMMENT ON FUNCTION sgr.kg_build_measures() IS
    'Whether the catalogue''s graph was made, and what changed since; everything: more changed at once than is listed';

CREATE FUNCTION sgr.kg_quarantine_measures()
RETURNS TABLE (stage text, reason text, documents bigint, parts bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    -- An empty path is the document itself; an import line has no document.
    SELECT q.stage, q.reason,
           count(*) FILTER (WHERE q.whole AND coalesce(q.path, '') = ''), count(*) FILTER (WHERE NOT q.whole OR q.path <> '')
    FROM sgr.quarantine AS q GROUP BY q.stage, q.reason
$$;
COMMENT ON FUNCTION sgr.kg_quarantine_measures() IS
    'The quarantine by reason: whole documents and lines, and parts of documents that were loaded otherwise';

CREATE FUNCTION sgr.kg_newest_source() RETURNS timestamptz
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT max(f.fetched_at)
    FROM (SELECT max(t.fetched_at) FROM sgr.tracks AS t WHERE isfinite(t.fetched_at)
          UNION ALL SELECT max(p.fetched_at) FROM sgr.playlists AS p WHERE isfinite(p.fetched_at)
          UNION ALL SELECT max(a.fetched_at) FROM sgr.artists AS a WHERE isfinite(a.fetched_at)
          UNION ALL SELECT max(u.fetched_at) FROM sgr.users AS u WHERE isfinite(u.fetched_at)
          UNION ALL SELECT max(d.fetched_at) FROM sgr.raw_documents AS d WHERE isfinite(d.fetched_at)) AS f (fetched_at)
$$;
COMMENT ON FUNCTION sgr.kg_newest_source() IS 'When the newest row of the catalogue''s own tables or document was fetched';

CREATE FUNCTION sgr.kg_duplicate_entities(graph_id integer)
RETURNS TABLE (part bigint, whole bigint, examples bigint[])
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH same AS MATERIALIZED (
        SELECT count(*) AS n, min(e.entity_id) AS entity_id
        FROM sgr.entities AS e
        WHERE e.graph_id = kg_duplicate_entities.graph_id AND btrim(e.name) <> ''
          -- Different tracks, playlists and users do have the same name.
          AND (kg_duplicate_entities.graph_id <> 0 OR e.kind IN ('artist', 'genre', 'tag', 'label'))
        GROUP BY e.kind, lower(btrim(e.name))
    )
    SELECT coalesce(sum(s.n - 1), 0)::bigint, coalesce(sum(s.n), 0)::bigint,
           (SELECT array_agg(top.entity_id ORDER BY top.n DESC, top.entity_id)
            FROM (SELECT t.n, t.entity_id FROM same AS t WHERE t.n > 1 ORDER BY t.n DESC, t.entity_id LIMIT 3) AS top)
    FROM same AS s
$$;
COMMENT ON FUNCTION sgr.kg_duplicate_entities(integer) IS 'Entities whose name one of the same kind before them has, of how many, and three of these names';

COMMENT ON FUNCTION sgr_kg_components(integer) IS
    'Connected components of the graph with this graph_id (sgr.graphs), directions ignored: how many, isolated entities included; the entities of the largest; those that no triple touches; all of them, unknown ends of triples included. Errors: 22004 NULL, 53000 over sgr_graph.memory_limit';

-- ---------------------------------------------------------------------------------------------------------------------
-- Texts
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION sgr.kg_number(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN value = trunc(value) AND abs(value) < 1e15 THEN to_char(value::bigint, 'FM999,999,999,999,999')
                WHEN abs(value) < 0.001 THEN btrim(to_char(value::numeric, '9.99EEEE'))
                WHEN abs(value) < 'Infinity' THEN trim_scale(round(value::numeric, 4))::text
                ELSE value::text END
$$;
COMMENT ON FUNCTION sgr.kg_number(double precision) IS 'A number for people: thousands separated, at most four decimals';

CREATE FUNCTION sgr.kg_shown(name text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE WHEN length(one_line) > 60 THEN left(one_line, 57) || '...' ELSE one_line END
    FROM regexp_replace(left(name, 100), '[[:cntrl:]]', '?', 'g') AS one_line
$$;
COMMENT ON FUNCTION sgr.kg_shown(text) IS 'A name cut to 60 characters, control characters as question marks';

CREATE FUNCTION sgr.kg_cell(content text) RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT regexp_replace(content, '([\\|<>*`\[\]])', '\\\1', 'g') $$;
COMMENT ON FUNCTION sgr.kg_cell(text) IS 'A text that stands for itself in a cell of a Markdown table';

CREATE FUNCTION sgr.kg_entity_names(ids bigint[]) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT string_agg(format('%s %s "%s"', e.kind, e.entity_id, sgr.kg_shown(coalesce(e.name, e.key))), ', ' ORDER BY i.place)
    FROM unnest(ids) WITH ORDINALITY AS i (entity_id, place)
    JOIN sgr.entities AS e ON e.entity_id = i.entity_id
$$;
COMMENT ON FUNCTION sgr.kg_entity_names(bigint[]) IS 'Some entities with kind, id and name';

CREATE FUNCTION sgr.kg_hubs(degrees jsonb)
RETURNS TABLE (place bigint, entity_id bigint, kind text, name text, degree bigint)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT row_number() OVER (ORDER BY d.degree DESC, e.kind, e.key), e.entity_id, e.kind,
           sgr.kg_shown(coalesce(e.name, e.key)), d.degree
    FROM jsonb_to_recordset(kg_hubs.degrees) AS d (degree bigint, hubs bigint[])
    CROSS JOIN LATERAL unnest(d.hubs) AS h (entity_id)
    JOIN sgr.entities AS e ON e.entity_id = h.entity_id
$$;
COMMENT ON FUNCTION sgr.kg_hubs(jsonb) IS 'The heaviest hubs of the rows of sgr.kg_degrees(), heaviest first';
