), rows AS MATERIALIZED (
    -- What an alias is called says nothing about the name of what it stands for.
    SELECT coalesce(h.canonical_key, f.head_key) AS head_key,
           CASE WHEN h.canonical_key IS NULL OR h.canonical_key = f.head_key THEN f.head_name END AS head_name,
           coalesce(t.canonical_key, f.tail_key) AS tail_key,
           CASE WHEN t.canonical_key IS NULL OR t.canonical_key = f.tail_key THEN f.tail_name END AS tail_name,
           f.weight, f.stage, f.source
    FROM found AS f
    LEFT JOIN sgr.entity_aliases AS h ON h.kind = $4 AND h.alias_key = f.head_key
    LEFT JOIN sgr.entity_aliases AS t ON t.kind = $5 AND t.alias_key = f.tail_key
), missing AS (
    INSERT INTO sgr.entities (kind, key, name)
    SELECT m.kind, m.key,
           coalesce(pg_catalog.max(m.name COLLATE "C"), CASE WHEN m.kind IN ('tag', 'genre', 'label') THEN m.key END)
    FROM (SELECT $4 AS kind, r.head_key AS key, r.head_name AS name FROM rows AS r
          UNION ALL SELECT $5, r.tail_key, r.tail_name FROM rows AS r) AS m
    WHERE NOT EXISTS (SELECT FROM sgr.entities AS e WHERE e.graph_id = 0 AND e.kind = m.kind AND e.key = m.key)
    GROUP BY m.kind, m.key
    RETURNING entity_id, kind, key
), new_sources AS (
    INSERT INTO sgr.triple_sources (stage, source)
    SELECT DISTINCT r.stage, r.source FROM rows AS r
    WHERE NOT EXISTS (SELECT FROM sgr.triple_sources AS s WHERE s.stage = r.stage AND s.source = r.source)
    RETURNING source_id, stage, source
), keys AS NOT MATERIALIZED (
    SELECT e.entity_id, e.kind, e.key FROM sgr.entities AS e WHERE e.graph_id = 0
    UNION ALL SELECT m.entity_id, m.kind, m.key FROM missing AS m
), known_sources AS NOT MATERIALIZED (
    SELECT s.source_id, s.stage, s.source FROM sgr.triple_sources AS s
    UNION ALL SELECT s.source_id, s.stage, s.source FROM new_sources AS s
), wanted AS MATERIALIZED (
    SELECT h.entity_id AS head, t.entity_id AS tail, pg_catalog.max(r.weight) AS weight,
           pg_catalog.min(s.source_id) AS source
    FROM rows AS r
    JOIN keys AS h ON h.kind = $4 AND h.key = r.head_key
    JOIN keys AS t ON t.kind = $5 AND t.key = r.tail_key
    JOIN known_sources AS s ON s.stage = r.stage AND s.source = r.source
    WHERE h.entity_id <> t.entity_id
    GROUP BY h.entity_id, t.entity_id
), gone AS (
    DELETE FROM sgr.triples AS t
    WHERE t.relation = $3 AND {scope} AND NOT EXISTS (
        SELECT FROM wanted AS w WHERE w.head = t.head AND w.tail = t.tail)
    RETURNING t.head, t.tail
), put AS (
    INSERT INTO sgr.triples AS t (head, relation, tail, weight, source, run_id)
    SELECT w.head, $3, w.tail, w.weight, w.source, $6
    FROM wanted AS w
    WHERE NOT EXISTS (
        SELECT FROM sgr.triples AS o
        WHERE o.head = w.head AND o.relation = $3 AND o.tail = w.tail AND o.weight = w.weight AND o.source = w.source)
    ON CONFLICT (head, relation, tail) DO UPDATE SET
        weight = excluded.weight, source = excluded.source, run_id = excluded.run_id
    RETURNING xmax = 0 AS is_new, t.head, t.tail
)
SELECT (SELECT pg_catalog.count(*) FROM wanted), pg_catalog.count(*) FILTER (WHERE is_new),
       pg_catalog.count(*) FILTER (WHERE NOT is_new), (SELECT pg_catalog.count(*) FROM gone),
       {touched}
FROM put
