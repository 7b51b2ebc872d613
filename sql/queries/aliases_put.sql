WITH wanted AS MATERIALIZED (
    SELECT n.alias_key, n.canonical_key, n.method, n.similarity::real, n.evidence
    FROM unnest($1, $2, $3, $4, $5) AS n (alias_key, canonical_key, method, similarity, evidence)
), gone AS (
    DELETE FROM sgr.entity_aliases AS a
    WHERE a.kind = $6 AND NOT a.forced AND NOT EXISTS (SELECT FROM wanted AS w WHERE w.alias_key = a.alias_key)
    RETURNING true
), put AS (
    INSERT INTO sgr.entity_aliases AS a (kind, alias_key, canonical_key, method, similarity, evidence)
    SELECT $6, w.alias_key, w.canonical_key, w.method, w.similarity, w.evidence FROM wanted AS w
    ON CONFLICT (kind, alias_key) DO UPDATE SET canonical_key = excluded.canonical_key, method = excluded.method,
        similarity = excluded.similarity, evidence = excluded.evidence, decided_at = excluded.decided_at
    WHERE NOT a.forced AND (a.canonical_key, a.method, a.similarity, a.evidence)
        IS DISTINCT FROM (excluded.canonical_key, excluded.method, excluded.similarity, excluded.evidence)
    RETURNING xmax = 0 AS is_new
)
SELECT pg_catalog.count(*) FILTER (WHERE is_new), pg_catalog.count(*) FILTER (WHERE NOT is_new),
       (SELECT pg_catalog.count(*) FROM gone)
FROM put
