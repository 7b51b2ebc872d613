-- Triples between 200,000 entities, five relations.
WITH e AS (
    INSERT INTO sgr.entities (entity_id, kind, key, name)
    SELECT n, CASE WHEN n % 2 = 0 THEN 'track' ELSE 'playlist' END, n::text, 'Name ' || n FROM generate_series(1, 200000) AS n
), s AS (
    INSERT INTO sgr.triple_sources (source_id, stage, source) VALUES (1, 'bench', 'bench')
)
INSERT INTO sgr.triples (head, relation, tail, weight, source, run_id)
SELECT 1 + n % 200000, 1 + n / 200000 % 5, 1 + (n * 7919::bigint + n / 200000) % 200000, 0.5, 1, 1
FROM generate_series(0, {rows} - 1) AS n
ON CONFLICT DO NOTHING
