-- Validation of the knowledge graph: the limits, the checks, sgr_kg_validate(). What is counted is in
-- validation_measures.sql, the report of the same numbers in validation_report.sql.

-- ---------------------------------------------------------------------------------------------------------------------
-- Limits
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE sgr.check_defaults (
    ordinal     smallint NOT NULL UNIQUE,
    name        text PRIMARY KEY,
    warn_at     double precision,
    fail_at     double precision,
    direction   text CHECK (direction IN ('above', 'below')),
    description text NOT NULL
);
COMMENT ON TABLE sgr.check_defaults IS
    'The checks of sgr_kg_validate() in their order, with the shipped limits; a row of sgr.check_limits overrides one';
COMMENT ON COLUMN sgr.check_defaults.name IS 'entities_* and triples_* stand for one check per kind and per relation';
COMMENT ON COLUMN sgr.check_defaults.direction IS
    'above: a value over the limit warns or fails; below: one under it; NULL: for information, limits have no effect';
INSERT INTO sgr.check_defaults (ordinal, name, warn_at, fail_at, direction, description) VALUES
    (10,  'graph_built',        1,    NULL, 'below', 'catalogue: 1 if sgr_triples_refresh() has made the graph, 0 if there are rows to make it from and it has not'),
    (20,  'pending_changes',    0,    NULL, 'above', 'catalogue: changed rows that the triples do not show yet'),
    (30,  'newest_source_days', NULL, NULL, 'above', 'catalogue: days since the newest fetched_at of its rows and documents'),
    (40,  'quarantine_rate',    0.01, 0.2,  'above', 'catalogue: share of the documents and import lines of which nothing could be used'),
    (50,  'quarantined_parts',  NULL, NULL, 'above', 'catalogue: fields, and objects inside documents, that were left out while the rest was loaded'),

    (110, 'duplicate_ids',               0,    NULL, 'above', 'catalogue: rows of mapped relations whose id another row has'),
    (120, 'duplicate_entries',           0.05, 0.25, 'above', 'catalogue: share of the playlist entries that repeat a track of the same playlist'),
    (130, 'duplicate_tracks',            0.05, 0.25, 'above', 'catalogue: share of the tracks whose artist and title another track has'),
    (140, 'entries_unknown_track',       0.05, 0.5,  'above', 'catalogue: share of the playlist entries whose track has no row'),
    (150, 'entries_unknown_playlist',    0.05, 0.5,  'above', 'catalogue: share of the playlist entries whose playlist has no row'),
    (160, 'interactions_unknown_track',  0.05, 0.5,  'above', 'catalogue: share of the likes, reposts and plays whose track has no row'),
    (170, 'interactions_unknown_user',   0.05, 0.5,  'above', 'catalogue: share of the likes, reposts and plays whose user has no row'),
    (180, 'tracks_unknown_artist',       0.05, 0.5,  'above', 'catalogue: share of the tracks with an artist_id whose artist has no row'),
    (190, 'playlists_unknown_owner',     0.05, 0.5,  'above', 'catalogue: share of the playlists with an owner_id whose user has no row'),
    (200, 'credits_unknown',             0.05, 0.5,  'above', 'catalogue: share of the rows of sgr.track_artists whose track or artist has no row'),
    (210, 'follows_unknown_user',        0.05, 0.5,  'above', 'catalogue: share of the rows of sgr.follows of which one user has no row'),
    (220, 'track_count_disagreement',    0.1,  0.5,  'above', 'catalogue: share of the playlists with a track_count whose entries are more or fewer'),
    (230, 'missing_title',               0.01, 0.25, 'above', 'catalogue: share of the tracks without title'),
    (240, 'missing_artist',              0.05, NULL, 'above', 'catalogue: share of the tracks without artist_id'),
    (250, 'missing_genre',               0.3,  NULL, 'above', 'catalogue: share of the tracks without genre'),
    (260, 'missing_tags',                0.5,  NULL, 'above', 'catalogue: share of the tracks without tags'),
    (270, 'missing_release_date',        0.5,  NULL, 'above', 'catalogue: share of the tracks without release date'),
    (280, 'dangling_aliases',            0,    NULL, 'above', 'catalogue: rows of sgr.entity_aliases that lead to no entity or to another alias, or whose alias still is an entity with triples'),

    (310, 'entities',           NULL, NULL, 'below', 'entities of the graph'),
    (320, 'entities_*',         NULL, NULL, 'below', 'entities of one kind, as entities_track'),
    (330, 'triples',            NULL, NULL, 'below', 'triples of the graph'),
    (340, 'triples_*',          NULL, NULL, 'below', 'triples of one relation, as triples_has_genre; the 50 largest relations and those that sgr.check_limits names'),

    (410, 'dangling_heads',     NULL, 0,    'above', 'triples whose head is no entity'),
    (420, 'dangling_tails',     NULL, 0,    'above', 'triples whose tail is no entity'),
    (430, 'dangling_relations', NULL, 0,    'above', 'catalogue: triples whose relation is not in sgr.relations; they belong to no graph'),
    (440, 'dangling_sources',   NULL, 0,    'above', 'triples whose source is not in sgr.triple_sources'),
    (450, 'foreign_ends',       NULL, 0,    'above', 'triples whose head or tail is an entity of another graph'),
    (460, 'wrong_kinds',        NULL, 0,    'above', 'triples whose head or tail is of another kind than sgr.relations promises'),
    (470, 'self_loops',         0,    NULL, 'above', 'triples whose head is their tail'),
    (480, 'weight_range',       NULL, 0,    'above', 'triples whose weight is not in (0,1]'),
    (490, 'broken_symmetry',    NULL, 0,    'above', 'triples of symmetric relations whose mirror image is missing or has another weight'),
    (500, 'mirrored_triples',   NULL, NULL, 'above', 'share of the triples of relations that are not symmetric, between entities of one kind, whose mirror image is there too'),

    (510, 'duplicate_entities', 0.02, 0.2,  'above', 'share of the artists, genres, tags and labels (in named graphs: of all named entities) whose name another of the same kind has, but for case and blanks'),
    (520, 'nameless_entities',  0.01, 0.25, 'above', 'share of the entities without a name'),
    (530, 'suspicious_names',   0.01, 0.1,  'above', 'share of the entities whose name looks broken: control or replacement characters, text decoded with the wrong encoding, punctuation alone, over 300 characters, or a placeholder such as "unknown"'),

    (610, 'degree_median',      NULL, NULL, 'above', 'median of the degree: triples that touch an entity, the two mirror images of a symmetric relation counted once'),
    (620, 'degree_p90',         NULL, NULL, 'above', 'nine of ten entities have at most this degree'),
    (630, 'degree_p99',         NULL, NULL, 'above', '99 of 100 entities have at most this degree'),
    (640, 'degree_max',         NULL, NULL, 'above', 'the largest degree; the detail names the heaviest hubs'),
    (650, 'power_law_alpha',    NULL, NULL, NULL,    'exponent of a power law fitted to the tail of the degrees by maximum likelihood; 1.5 to 4 is plausible'),
    (660, 'power_law_distance', NULL, NULL, NULL,    'Kolmogorov-Smirnov distance between that power law and the degrees; over 0.1 is a poor fit'),
    (670, 'isolated_entities',  0.05, 0.5,  'above', 'share of the entities that no triple touches'),
    (680, 'components',         NULL, NULL, 'above', 'connected components, isolated entities included'),
    (690, 'largest_component',  0.5,  NULL, 'below', 'share of the entities in the largest component'),

    (710, 'unused_limits',      0,    NULL, 'above', 'rows of sgr.check_limits that name no check');

-- ---------------------------------------------------------------------------------------------------------------------
-- The checks
-- ---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION sgr.kg_catalogue_checks()
RETURNS TABLE (name text, value double precision, detail text, data jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    newest timestamptz := sgr.kg_newest_source();
BEGIN
    RETURN QUERY
    SELECT v.name, v.value, v.detail, NULL::jsonb
    FROM sgr.kg_build_measures() AS b
    CROSS JOIN LATERAL (VALUES
        ('graph_built',
         CASE WHEN b.built THEN 1.0::double precision WHEN b.has_catalogue OR b.has_triples THEN 0 END,
         CASE WHEN b.built THEN 'by sgr_triples_refresh()'
              WHEN b.has_triples THEN 'the triples are here but no run is noted, as after a restore: call sgr_build_kg()'
              WHEN b.has_catalogue THEN 'call sgr_build_kg()'
              ELSE 'the catalogue is empty' END),
        ('pending_changes',
         CASE WHEN b.built THEN b.pending::double precision END,
         CASE WHEN NOT b.built THEN 'the graph was never made'
              ELSE concat_ws('; ', CASE WHEN b.everything THEN 'one of them stands for more than 10,000' END,
                             'not watched: ' || b.mapped) END)
    ) AS v (name, value, detail);

    RETURN QUERY
    SELECT 'newest_source_days', extract(epoch FROM now() - newest)::double precision / 86400,
           coalesce('fetched ' || (newest AT TIME ZONE 'UTC')::date, 'no row has a fetched_at'), NULL::jsonb;

    RETURN QUERY
    WITH reasons AS (SELECT q.stage, q.reason, q.documents, q.parts FROM sgr.kg_quarantine_measures() AS q),
    counts AS (
        -- A document of which nothing was used is still in raw_documents; a line that is no document is not.
        SELECT (SELECT count(*) FROM sgr.raw_documents) AS stored,
               coalesce(sum(r.documents), 0)::bigint AS documents,
               coalesce(sum(r.documents) FILTER (WHERE r.stage = 'import'), 0)::bigint AS lines,
               coalesce(sum(r.parts), 0)::bigint AS parts,
               string_agg(format('%s %s', r.documents, r.reason), ', ' ORDER BY r.documents DESC, r.reason)
                   FILTER (WHERE r.documents > 0) AS document_reasons,
               string_agg(format('%s %s', r.parts, r.reason), ', ' ORDER BY r.parts DESC, r.reason)
                   FILTER (WHERE r.parts > 0) AS part_reasons,
               jsonb_agg(to_jsonb(r) ORDER BY r.documents + r.parts DESC, r.reason, r.stage) FILTER (WHERE r.reason IS NOT NULL) AS data
        FROM reasons AS r
    )
    SELECT v.name, v.value, v.detail, v.data
    FROM counts AS c
    CROSS JOIN LATERAL (VALUES
        ('quarantine_rate', c.documents / nullif(c.stored + c.lines, 0)::double precision,
         CASE WHEN c.stored + c.lines = 0 THEN 'there are no documents'
              ELSE concat_ws(': ', format('%s of %s documents and lines', c.documents, c.stored + c.lines), c.document_reasons) END,
         c.data),
        ('quarantined_parts', c.parts::double precision, coalesce(c.part_reasons, ''), NULL::jsonb)
    ) AS v (name, value, detail, data);

    RETURN QUERY
    SELECT 'duplicate_ids', coalesce(sum(d.duplicates), 0)::double precision,
           coalesce(string_agg(format('%s in %s', d.duplicates, d.relation), ', ' ORDER BY d.relation), 'no relation is mapped'), NULL::jsonb
    FROM sgr.kg_duplicate_ids() AS d;

    RETURN QUERY
    SELECT s.name, s.part / nullif(s.whole, 0)::double precision,
           CASE WHEN s.whole = 0 THEN 'there are no ' || s.noun ELSE format('%s of %s %s', s.part, s.whole, s.noun) END, NULL::jsonb
    FROM sgr.kg_share_measures() AS s;

    RETURN QUERY
    SELECT 'dangling_aliases', (a.no_entity + a.chained + a.still_used)::double precision,
           format('of %s aliases %s lead to no entity, %s to another alias, %s still are entities with triples',
                  a.aliases, a.no_entity, a.chained, a.still_used), NULL::jsonb
    FROM sgr.kg_alias_measures() AS a;
END
$$;
COMMENT ON FUNCTION sgr.kg_catalogue_checks() IS 'What sgr_kg_validate() counts in the catalogue itself';

CREATE FUNCTION sgr.kg_triple_checks(graph_id integer)
RETURNS TABLE (name text, value double precision, detail text, data jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    relations jsonb;
BEGIN
    SELECT jsonb_agg(to_jsonb(m) ORDER BY m.relation_id) INTO relations FROM sgr.kg_relation_measures(kg_triple_checks.graph_id) AS m;

    RETURN QUERY
    SELECT 'triples', coalesce(sum(m.triples), 0)::double precision,
           format('%s relations, %s of them without triples', count(*), count(*) FILTER (WHERE m.triples = 0)), NULL::jsonb
    FROM jsonb_to_recordset(relations) AS m (relation text, triples bigint)
    WHERE m.relation IS NOT NULL;

    RETURN QUERY
    SELECT 'triples_' || m.relation, m.triples::double precision, coalesce(r.description, ''), NULL::jsonb
    FROM (SELECT p.*, row_number() OVER (ORDER BY p.triples DESC, p.relation_id) AS place
          FROM jsonb_to_recordset(relations) AS p (relation_id integer, relation text, triples bigint)
          WHERE p.relation IS NOT NULL) AS m
    JOIN sgr.relations AS r ON r.relation_id = m.relation_id
    LEFT JOIN sgr.check_limits AS l ON l.name = 'triples_' || m.relation
    WHERE m.place <= 50 OR l.name IS NOT NULL
    ORDER BY m.relation_id;

    RETURN QUERY
    SELECT v.name, coalesce(sum(v.n), 0)::double precision,
           coalesce(string_agg(format('%s %s', v.n, coalesce(m.relation, 'of relation ' || m.relation_id)), ', ' ORDER BY v.n DESC, m.relation_id)
                    FILTER (WHERE v.n > 0), ''), NULL::jsonb
    FROM jsonb_to_recordset(coalesce(relations, '[]')) AS m (
        relation_id integer, relation text, triples bigint, self_loops bigint, bad_weights bigint, dangling_heads bigint,
        dangling_tails bigint, dangling_sources bigint, foreign_ends bigint, wrong_kinds bigint)
    CROSS JOIN LATERAL (VALUES
        ('dangling_heads', m.dangling_heads), ('dangling_tails', m.dangling_tails), ('dangling_sources', m.dangling_sources),
        ('dangling_relations', CASE WHEN m.relation IS NULL THEN m.triples ELSE 0 END),
        ('foreign_ends', m.foreign_ends), ('wrong_kinds', m.wrong_kinds), ('self_loops', m.self_loops),
        ('weight_range', m.bad_weights)) AS v (name, n)
    WHERE v.name <> 'dangling_relations' OR kg_triple_checks.graph_id = 0
    GROUP BY v.name;

    RETURN QUERY
    WITH mirrors AS (SELECT m.*, m.triples - m.mirrored AS missing FROM sgr.kg_mirror_measures(kg_triple_checks.graph_id) AS m)
    SELECT 'broken_symmetry', coalesce(sum(m.missing + m.other_weight), 0)::double precision,
           coalesce(string_agg(format('%s: %s without mirror image, %s with another weight', m.relation, m.missing, m.other_weight), '; '
                               ORDER BY m.relation) FILTER (WHERE m.missing + m.other_weight > 0), ''), NULL::jsonb
    FROM mirrors AS m WHERE m.is_symmetric
    UNION ALL
    SELECT 'mirrored_triples', sum(m.mirrored)::double precision / nullif(sum(m.triples), 0)::double precision,
           CASE WHEN coalesce(sum(m.triples), 0) = 0 THEN 'there are no such triples'
                ELSE format('%s of %s triples', sum(m.mirrored), sum(m.triples)) END, NULL::jsonb
    FROM mirrors AS m WHERE NOT m.is_symmetric;
END
$$;
COMMENT ON FUNCTION sgr.kg_triple_checks(integer) IS 'What sgr_kg_validate() counts in the triples of a graph';

CREATE FUNCTION sgr.kg_entity_checks(graph_id integer)
RETURNS TABLE (name text, value double precision, detail text, data jsonb)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    degrees jsonb;
    total   bigint;
BEGIN
    SELECT coalesce(jsonb_agg(to_jsonb(d) ORDER BY d.kind, d.degree), '[]') INTO degrees
    FROM sgr.kg_degrees(kg_entity_checks.graph_id, 10) AS d;
    SELECT coalesce(sum(d.entities), 0) INTO total FROM jsonb_to_recordset(degrees) AS d (entities bigint);

    RETURN QUERY
    SELECT 'entities', total::double precision, format('%s kinds', count(*)), NULL::jsonb
    FROM sgr.kg_degree_quantiles(degrees) AS q WHERE q.kind IS NOT NULL;

    RETURN QUERY
    SELECT 'entities_' || q.kind, q.entities::double precision, format('%s of them isolated', q.isolated), NULL::jsonb
    FROM sgr.kg_degree_quantiles(degrees) AS q WHERE q.kind IS NOT NULL
    ORDER BY q.entities DESC, q.kind;

    RETURN QUERY
    SELECT v.name, v.value::double precision, coalesce(v.detail, ''), v.data
    FROM (SELECT max(q.median) AS median, max(q.p90) AS p90, max(q.p99) AS p99, max(q.most) AS most
          FROM sgr.kg_degree_quantiles(degrees) AS q WHERE q.kind IS NULL) AS q
    CROSS JOIN LATERAL (VALUES
        ('degree_median', q.median, NULL, NULL::jsonb), ('degree_p90', q.p90, NULL, NULL), ('degree_p99', q.p99, NULL, NULL),
        ('degree_max', q.most,
         (SELECT string_agg(format('%s "%s" %s', h.kind, h.name, h.degree), ', ' ORDER BY h.place)
          FROM sgr.kg_hubs(degrees) AS h WHERE h.place <= 5), degrees)
    ) AS v (name, value, detail, data);

    RETURN QUERY
    SELECT v.name, v.value, CASE WHEN p.alpha IS NULL THEN 'less than 50 entities or three degrees to fit' ELSE v.detail END, NULL::jsonb
    FROM (SELECT true) AS always
    LEFT JOIN sgr.kg_power_law(degrees) AS p ON true
    CROSS JOIN LATERAL (VALUES
        ('power_law_alpha', p.alpha,
         format('%s; the tail begins at degree %s and holds %s entities, %s%% of those with triples',
                CASE WHEN p.alpha BETWEEN 1.5 AND 4 AND p.distance <= 0.1 THEN 'a power law is plausible'
                     ELSE 'not like a power law' END,
                p.xmin, p.entities, round(100 * p.covered::numeric, 1))),
        ('power_law_distance', p.distance, CASE WHEN p.distance <= 0.1 THEN 'a close fit' ELSE 'a poor fit' END)
    ) AS v (name, value, detail);

    RETURN QUERY
    SELECT 'isolated_entities', q.isolated / nullif(q.entities, 0)::double precision,
           format('%s of %s entities', q.isolated, q.entities), NULL::jsonb
    FROM (SELECT coalesce(max(d.isolated), 0) AS isolated, coalesce(max(d.entities), 0) AS entities
          FROM sgr.kg_degree_quantiles(degrees) AS d WHERE d.kind IS NULL) AS q;

    RETURN QUERY
    SELECT v.name, v.value, v.detail, NULL::jsonb
    FROM @extschema@.sgr_kg_components(kg_entity_checks.graph_id) AS c
    CROSS JOIN LATERAL (VALUES
        ('components', c.components::double precision, format('%s without the isolated entities', c.components - c.isolated)),
        ('largest_component', c.largest / nullif(c.entities, 0)::double precision, format('%s of %s entities', c.largest, c.entities))
    ) AS v (name, value, detail);

    RETURN QUERY
    SELECT 'duplicate_entities', d.part / nullif(d.whole, 0)::double precision,
           CASE WHEN d.whole = 0 THEN 'there are no such entities'
                ELSE concat_ws(': ', format('%s of %s', d.part, d.whole), sgr.kg_entity_names(d.examples)) END, NULL::jsonb
    FROM sgr.kg_duplicate_entities(kg_entity_checks.graph_id) AS d;

    RETURN QUERY
    WITH names AS (SELECT n.reason = 'no name' AS nameless, n.reason, n.entities, n.examples FROM sgr.kg_name_measures(kg_entity_checks.graph_id) AS n)
    SELECT v.name, coalesce(sum(n.entities), 0)::double precision / nullif(total, 0)::double precision,
           coalesce(string_agg(format('%s %s (%s)', n.entities, n.reason, sgr.kg_entity_names(n.examples)), '; '
                               ORDER BY n.entities DESC, n.reason) FILTER (WHERE n.entities > 0), ''), NULL::jsonb
    FROM (VALUES ('nameless_entities', true), ('suspicious_names', false)) AS v (name, nameless)
    LEFT JOIN names AS n ON n.nameless = v.nameless
    GROUP BY v.name;
END
$$;
COMMENT ON FUNCTION sgr.kg_entity_checks(integer) IS 'What sgr_kg_validate() counts in the entities of a graph and their degrees';

CREATE FUNCTION sgr.kg_checks(graph_id integer)
RETURNS TABLE (name text, value double precision, warn_at double precision, fail_at double precision, status text, detail text, data jsonb)
LANGUAGE plpgsql STABLE
-- The queries are many and each is short: compiling them takes as long as running them.
SET jit = off
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH counted AS MATERIALIZED (
        SELECT c.name, c.value, c.detail, c.data FROM sgr.kg_entity_checks(kg_checks.graph_id) AS c
        UNION ALL
        SELECT c.name, c.value, c.detail, c.data FROM sgr.kg_triple_checks(kg_checks.graph_id) AS c
        UNION ALL
        SELECT 'unused_limits', count(*)::double precision, coalesce(string_agg(l.name, ', ' ORDER BY l.name), ''), NULL::jsonb
        FROM sgr.check_limits AS l
        WHERE NOT EXISTS (SELECT FROM sgr.check_defaults AS d
                          WHERE d.name = l.name OR d.name LIKE '%*' AND starts_with(l.name, rtrim(d.name, '*')))
    ), all_counted AS (
        SELECT c.name, c.value, c.detail, c.data, row_number() OVER () AS place
        FROM (SELECT e.name, e.value, e.detail, e.data FROM counted AS e
              UNION ALL
              SELECT k.name, k.value, k.detail, k.data FROM sgr.kg_catalogue_checks() AS k WHERE kg_checks.graph_id = 0) AS c
    ), limited AS (
        SELECT c.name, c.value, c.detail, c.data, c.place, d.ordinal, d.direction,
               CASE WHEN l.name IS NULL THEN d.warn_at ELSE l.warn_at END AS warn_at,
               CASE WHEN l.name IS NULL THEN d.fail_at ELSE l.fail_at END AS fail_at
        FROM all_counted AS c
        LEFT JOIN sgr.check_limits AS l ON l.name = c.name
        LEFT JOIN LATERAL (SELECT p.ordinal, p.direction, p.warn_at, p.fail_at
                           FROM sgr.check_defaults AS p
                           WHERE p.name = c.name OR p.name LIKE '%*' AND starts_with(c.name, rtrim(p.name, '*'))
                           ORDER BY p.name = c.name DESC LIMIT 1) AS d ON true
    )
    SELECT l.name, l.value, l.warn_at, l.fail_at,
           CASE WHEN l.value IS NULL OR l.direction IS NULL OR coalesce(l.warn_at, l.fail_at) IS NULL THEN 'info'
                WHEN l.direction = 'above' AND l.value > l.fail_at OR l.direction = 'below' AND l.value < l.fail_at THEN 'fail'
                WHEN l.direction = 'above' AND l.value > l.warn_at OR l.direction = 'below' AND l.value < l.warn_at THEN 'warn'
                ELSE 'ok' END,
           l.detail, l.data
    FROM limited AS l ORDER BY l.ordinal, l.place;
END
$$;
COMMENT ON FUNCTION sgr.kg_checks(integer) IS
    'The checks of a graph with limits and status; data: the rows behind the number, for sgr_kg_report()';

CREATE FUNCTION sgr_kg_validate(graph text DEFAULT 'catalogue')
RETURNS TABLE (name text, value double precision, warn_at double precision, fail_at double precision, status text, detail text)
LANGUAGE plpgsql STABLE ROWS 70
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT c.name, c.value, c.warn_at, c.fail_at, c.status, c.detail
    FROM sgr.kg_checks(sgr.kg_graph_id(sgr_kg_validate.graph)) AS c;
END
$$;
COMMENT ON FUNCTION sgr_kg_validate(text) IS
    'Checks a graph and, for ''catalogue'', the rows that it is made from: one row per check of sgr.check_defaults. status: ok, warn, fail, or info where there is no limit or nothing to measure. Limits: sgr.check_limits over sgr.check_defaults. Errors: 42704 no such graph, 22004 NULL, 53000 over sgr_graph.memory_limit';
