-- Playlists that hold both tracks ($1) as the graph has it, the shortest first. Their weight tells the length:
-- w = 1/(1 + ln n).
SELECT x.tail, pg_catalog.round(pg_catalog.exp(1 / pg_catalog.max(x.weight)::double precision - 1))::bigint
FROM sgr.triples AS x
WHERE x.head = ANY ($1) AND x.relation = 3
GROUP BY x.tail
HAVING pg_catalog.count(*) = 2
ORDER BY pg_catalog.max(x.weight) DESC, x.tail
